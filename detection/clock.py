"""The time, asked for in one place."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present as an aware UTC time, to the microsecond that DynamoDB's items keep."""
    return datetime.now(UTC)
