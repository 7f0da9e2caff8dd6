"""The site's configuration: wrong at start, with every mistake at once and no secret in the message."""

from __future__ import annotations

import pytest

from detection.config import ConfigError, load
from polysite.config import SiteConfig
from tests.settings import ENVIRONMENT


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_what_is_needed_is_enough() -> None:
    site = load(SiteConfig)
    assert site.api_url == "http://127.0.0.1:9"
    assert site.hosts == ["127.0.0.1", "localhost", "testserver", "127.0.0.1", "localhost"]
    assert not site.is_public
    assert not site.debug
    assert site.source_url is None


def test_telegram_itself_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELEGRAM_API_URL")
    assert load(SiteConfig).api_url == "https://api.telegram.org"


def test_every_mistake_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_PATH")
    monkeypatch.delenv("PHOTOS_BUCKET")
    monkeypatch.setenv("TELEGRAM_TOKEN", "no-number")
    monkeypatch.setenv("PUBLIC_URL", "bot.example.org")
    monkeypatch.setenv("DJANGO_SECRET_KEY", "short")
    with pytest.raises(ConfigError) as raised:
        load(SiteConfig)
    message = str(raised.value)
    for name in ("DATABASE_PATH is missing", "PHOTOS_BUCKET is missing", "TELEGRAM_TOKEN must", "PUBLIC_URL", "DJANGO_SECRET_KEY must"):
        assert name in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_TOKEN", "123:with a-space-hunter2"),
        ("TELEGRAM_TOKEN", "hunter2"),
        ("WEBHOOK_SECRETS", "hunter2"),
        ("WEBHOOK_SECRETS", "hunter2-of-enough-letters!"),
        ("WEBHOOK_SECRETS", "hunter2-of-enough-letters,"),
        ("WEBHOOK_SECRETS", ",".join(["hunter2-of-enough-letters"] * 3)),
        ("WEBHOOK_SECRETS", "hunter2" * 50),
        ("DJANGO_SECRET_KEY", "hunter2"),
        ("DJANGO_SECRET_KEY", "h" * 60),
        ("RESULTS_KEYS", "hunter2"),
    ],
)
def test_a_bad_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as raised:
        load(SiteConfig)
    assert name in str(raised.value)
    assert value not in str(raised.value)


@pytest.mark.parametrize("secrets", ["sixteen-letters-", "new-secret-of-16,old-secret-of-16", "x" * 256])
def test_one_or_two_webhook_secrets(monkeypatch: pytest.MonkeyPatch, secrets: str) -> None:
    monkeypatch.setenv("WEBHOOK_SECRETS", secrets)
    assert load(SiteConfig).webhook_secrets.get_secret_value() == secrets


def test_no_secret_is_in_its_repr() -> None:
    shown = repr(load(SiteConfig))
    for name in ("TELEGRAM_TOKEN", "WEBHOOK_SECRETS", "DJANGO_SECRET_KEY", "RESULTS_KEYS"):
        assert ENVIRONMENT[name] not in shown


def test_the_database_is_a_file_or_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PATH", "site.sqlite3")
    assert load(SiteConfig).database["ENGINE"] == "django.db.backends.sqlite3"
    monkeypatch.setenv("DATABASE_HOST", "db.example.org")
    monkeypatch.setenv("DATABASE_SECRET", '{"username": "olga", "password": "hunter2", "port": 5432}')
    server = load(SiteConfig).database
    assert (server["ENGINE"], server["HOST"], server["NAME"]) == ("django.db.backends.postgresql", "db.example.org", "polybot")
    assert (server["USER"], server["PASSWORD"]) == ("olga", "hunter2")
    assert server["OPTIONS"] == {"connect_timeout": 5, "sslmode": "require"}


@pytest.mark.parametrize("secret", ["", "hunter2", "[]", '{"username": "hunter2"}'])
def test_a_server_needs_to_know_who_asks(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("DATABASE_HOST", "db.example.org")
    monkeypatch.setenv("DATABASE_SECRET", secret)
    with pytest.raises(ConfigError, match="DATABASE_SECRET must be JSON") as raised:
        load(SiteConfig)
    assert "hunter2" not in str(raised.value)
