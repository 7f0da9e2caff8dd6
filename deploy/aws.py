"""AWS for what `deploy` does: the one place where its clients are made."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ERRORS = (BotoCoreError, ClientError)

_TUNED = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})


@cache
def client(service: str, *, region: str | None = None) -> Any:
    """A client for the service, made once a process. Credentials, and the region where none is given, are the environment's."""
    return boto3.client(service, region_name=region, config=_TUNED)  # type: ignore[call-overload]  # stubs are typed by literal names


def code(error: ClientError) -> str:
    """AWS's own word for what was wrong, such as ParameterNotFound."""
    return str(error.response["Error"]["Code"])
