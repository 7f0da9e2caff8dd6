"""How long SQS is to hold a message before anyone sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MAX_DELAY_SECONDS = 900  # SQS's limit of DelaySeconds


class DelayTooLong(ValueError):
    """SQS can't hold it for that long, and a worker's memory is no place for it."""


def delay_of(message: Mapping[str, Any], *, now: datetime) -> int | None:
    """Seconds from the property `DelaySeconds` (or `delay_seconds`), or else until Celery's `eta`; None for no delay.

    Raises DelayTooLong over 900 s, and ValueError for what is no delay at all.
    """
    properties = message.get("properties") or {}
    given = next((properties[name] for name in ("DelaySeconds", "delay_seconds") if properties.get(name) is not None), None)
    seconds = _until((message.get("headers") or {}).get("eta"), now) if given is None else _whole(given)
    if seconds > MAX_DELAY_SECONDS:
        raise DelayTooLong(
            f"a delay of {seconds} s: SQS holds a message for {MAX_DELAY_SECONDS} s at most. Send it later, or in steps: a task that "
            "sends itself again until its time has come"
        )
    return seconds if seconds > 0 or given is not None else None


def _whole(given: Any) -> int:
    try:
        seconds = int(given)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"a delay of {given!r}: it has to be a number of seconds") from None
    if seconds < 0:
        raise ValueError(f"a delay of {seconds} s: it can't be negative")
    return seconds


def _until(eta: Any, now: datetime) -> int:
    if not eta:
        return 0
    at = datetime.fromisoformat(eta) if isinstance(eta, str) else eta
    return math.ceil((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
