"""AWS: the one place where its clients are made, and where its errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException

from detection.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# Someone waits for each call, Telegram for 60 s at most: a refused connection is told in about a second, not in ten.
CONNECT_SECONDS = 2
READ_SECONDS = 10
ATTEMPTS = 3

_TUNED = ClientConfig(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    # total_max_attempts counts tries; botocore's max_attempts counts *re*tries.
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
)
# For the links that we sign: botocore's defaults for them are an older signature, which newer regions refuse, and the address of
# another region, which answers with a redirect. (An emulator, whose address is a number, is asked by the path all the same.)
_LINKS = ClientConfig(signature_version="s3v4", s3={"addressing_style": "virtual"})

_making = Lock()  # boto3's default session makes one client at a time; a finished client is safe to share


@cache
def s3() -> S3Client:
    """A client for S3, shared by the process's threads."""
    with _making:
        return boto3.client("s3", config=_TUNED.merge(_LINKS))


@cache
def sqs() -> SQSClient:
    """A client for SQS, shared by the process's threads. (The worker's own polling is kombu's.)"""
    with _making:
        return boto3.client("sqs", config=_TUNED)


@cache
def dynamodb() -> Connection:
    """PynamoDB's connection for transactions over several tables. (Each table has one of its own for everything else.)"""
    return Connection(
        connect_timeout_seconds=CONNECT_SECONDS,
        read_timeout_seconds=READ_SECONDS,
        max_retry_attempts=ATTEMPTS,
    )


def warm_up() -> None:
    """Make the clients that take longest to make, before anyone waits for them."""
    s3()
    _ = dynamodb().client


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what AWS's libraries raise into Unavailable("… while `doing`"). Expected answers are caught before they get here."""
    try:
        yield
    except ClientError as error:
        raise Unavailable(f"AWS answered {error.response['Error']['Code']} while {doing}") from error
    except (BotoCoreError, PynamoDBException) as error:
        raise Unavailable(f"{type(error).__name__} while {doing}") from error


def forget() -> None:
    """Make new clients at the next use (for tests, which change the environment, and after a fork)."""
    s3.cache_clear()
    sqs.cache_clear()
    dynamodb.cache_clear()
