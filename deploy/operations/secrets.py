"""The secrets: Terraform makes them empty, here they get their values. No value is ever printed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import code

MADE: dict[str, Callable[[], str]] = {
    "webhook-secrets": lambda: secrets.token_urlsafe(32),
    "results-keys": lambda: f"k1:{secrets.token_urlsafe(32)}",
    "django-secret-key": lambda: secrets.token_urlsafe(50),
}
NAMES = ("telegram-token", *MADE, "certificate")


def fill(client: Any, service: str, *, token: Callable[[], str], say: Callable[[str], None]) -> None:
    """Give each that is empty its value; those that have one keep it. `token` is asked for the bot's, if that is needed."""
    for short, make in {"telegram-token": token, **MADE}.items():
        if not filled(client, service, short):
            put(client, service, short, make())
            say(f"secret {service}/{short} filled")


def filled(client: Any, service: str, short: str) -> bool:
    """Whether this one has a value."""
    versions = client.describe_secret(SecretId=f"{service}/{short}").get("VersionIdsToStages", {})
    return any("AWSCURRENT" in stages for stages in versions.values())


def put(client: Any, service: str, short: str, value: str) -> None:
    """Its value from now on; instances follow within minutes."""
    client.put_secret_value(SecretId=f"{service}/{short}", SecretString=value)


def get(client: Any, service: str, short: str) -> str | None:
    """Its value; None where it is empty."""
    try:
        return str(client.get_secret_value(SecretId=f"{service}/{short}")["SecretString"])
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            return None
        raise
