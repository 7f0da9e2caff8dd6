"""Clients of AWS for what stands beside the queues: registry, command line, metrics. (The transport's own are kombu's.)"""

from __future__ import annotations

from typing import Any, Literal

import boto3
from botocore.config import Config

CONNECT_SECONDS = 2
READ_SECONDS = 5


def make(service: Literal["sqs", "dynamodb", "cloudwatch"], *, attempts: int = 3) -> Any:
    """A client that says soon that it got no answer. Credentials, region and endpoint come from the environment or the instance's role.

    It has a session of its own: making a client in boto3's shared one is not for several threads.
    """
    tuned = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=20,
    )
    return boto3.session.Session().client(service, config=tuned)
