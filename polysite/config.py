"""The site's configuration: what it shares with the workers (`detection.config.Config`), and its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, ValidationInfo, field_validator

from detection.config import Config

TUNNEL = "localhost"
"""The host in the address that an operator opens whose tunnel ends on their own machine (docs/aws.md): always answered.

Who is elsewhere and writes it into a Host header gains nothing: what is guarded stays guarded, and no cookie of anybody is sent there.
"""

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
_HOW_TO_MAKE_ONE = 'python -c "import secrets; print(secrets.token_urlsafe(50))"'


def _token(value: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("must read number:letters, as @BotFather gave it")
    return value


def _webhook_secrets(value: SecretStr) -> SecretStr:
    found = value.get_secret_value().split(",")
    if len(found) > 2 or not all(_WEBHOOK_SECRET.fullmatch(secret) for secret in found):
        raise ValueError("must be one secret, or new,old: each 16 to 256 characters of A-Z a-z 0-9 _ -")
    return value


def _secret_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 50 or len(set(value.get_secret_value())) < 5:
        raise ValueError(f"must have 50 random characters or more; make one: {_HOW_TO_MAKE_ONE}")
    return value


class SiteConfig(Config):
    """What only the site needs."""

    telegram_token: Annotated[SecretStr, AfterValidator(_token)] = Field(description="The bot's token, from @BotFather.")
    telegram_api_url: HttpUrl = Field(HttpUrl("https://api.telegram.org"), description="The Bot API: Telegram's, or a stand-in's.")
    webhook_secrets: Annotated[SecretStr, AfterValidator(_webhook_secrets)] = Field(
        description=(
            "Secret that Telegram sends with each update; `new,old` while one is being rotated. "
            "`manage.py set_webhook` gives Telegram the first."
        )
    )
    public_url: HttpUrl = Field(
        description="Where Telegram and operators reach the site, without a path; https turns secure cookies and HSTS on."
    )
    django_secret_key: Annotated[SecretStr, AfterValidator(_secret_key)] = Field(
        description="Signs the admin's sessions: 50 random characters or more."
    )
    allowed_hosts: str = Field("", description="Further host names, comma-separated, under which the site answers (that of /results, say).")
    database_host: str = Field(
        "", description="The PostgreSQL server of the admin's users and sessions, where the site is several machines."
    )
    database_name: str = Field("polybot", description="With DATABASE_HOST: the database on it.")
    database_secret: Annotated[SecretStr, Field(validate_default=True)] = Field(
        SecretStr(""), description='With DATABASE_HOST: who we are there, as RDS keeps it: `{"username": "…", "password": "…"}`.'
    )
    database_path: Annotated[Path | None, Field(validate_default=True)] = Field(
        None, description="The SQLite file of the admin's users and sessions: required where DATABASE_HOST is empty."
    )
    source_url: HttpUrl | None = Field(
        None, description="Where the running version's source is: /help links there. Unset: the site's own /source."
    )
    demo_model: bool = Field(default=False, description="The workers serve the demo model, which knows a few emoji: /help says so.")
    debug: bool = Field(default=False, description="Django's debug pages. Never where strangers can reach the site.")

    @field_validator("database_secret")
    @classmethod
    def _names_who(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if not info.data.get("database_host"):
            return value
        try:
            found = json.loads(value.get_secret_value() or "null")
        except ValueError:
            found = None
        if not isinstance(found, dict) or not {"username", "password"} <= set(found):
            raise ValueError('must be JSON with "username" and "password"')
        return value

    @field_validator("database_path")
    @classmethod
    def _is_the_one(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if info.data.get("database_host"):
            return None  # an image sets both: its own file, and on AWS the server
        if value is None:
            raise ValueError("is missing")
        return value

    @property
    def database(self) -> dict[str, object]:
        """Django's settings of its database."""
        if self.database_path is not None:
            # Readers don't wait for a writer, and a writer waits for another instead of failing.
            pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            options = {"init_command": pragmas, "transaction_mode": "IMMEDIATE", "timeout": 10}
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(self.database_path), "OPTIONS": options}
        who = json.loads(self.database_secret.get_secret_value())
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": self.database_host,
            "NAME": self.database_name,
            "USER": who["username"],
            "PASSWORD": who["password"],
            # A server that is away is told soon, and a connection whose other end has gone is found out.
            "OPTIONS": {"connect_timeout": 5, "sslmode": "require"},
            "CONN_HEALTH_CHECKS": True,
        }

    @property
    def api_url(self) -> str:
        """The Bot API's address without a slash at its end."""
        return str(self.telegram_api_url).rstrip("/")

    @property
    def hosts(self) -> list[str]:
        """The host names under which the site answers."""
        more = (name.strip() for name in self.allowed_hosts.split(","))
        return [self.public_url.host or "", TUNNEL, *(name for name in more if name)]

    @property
    def is_public(self) -> bool:
        """Served over TLS, so to be protected accordingly; plain http is for one machine."""
        return self.public_url.scheme == "https"
