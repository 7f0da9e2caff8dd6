"""manage.py set_webhook and manage.py poll, against Telegram's stand-in."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from botgateway import replies
from botgateway.management.commands import poll
from botgateway.management.commands import set_webhook as set_webhook_command
from detection import predictions
from tests.botgateway.standin import StandIn
from tests.clouds import Cloud

# Self-signed, for 127.0.0.1 and a hundred years; nobody has its key.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBkTCCATagAwIBAgIUJrYy5Pz4aKndRXtfoj9sbw44YyMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyMzIyMTYxNFoYDzIxMjYxMDMw
MjIxNjE0WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQIflRwc4nucTrxCkv4kEPiTi++LY0ERxnJQsRYjoWTE2a8QnrAJpi8
lklUiJ6Wmay8ZFF3FuFufoVs4pGuFV3to2QwYjAdBgNVHQ4EFgQUN6bJGoAE8/cC
sPQtqD6Csq3yOyAwHwYDVR0jBBgwFoAUN6bJGoAE8/cCsPQtqD6Csq3yOyAwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0kAMEYC
IQC59iDm/obzDXtydtSugRBW6qK2W5fLgmaWXNOUb6CmBQIhAO3FWPkMLJf9rfdE
xIfBs/P/XNVVbu3Fpv3fyscXXi46
-----END CERTIFICATE-----
"""


def set_webhook(*arguments: str) -> str:
    printed = io.StringIO()
    call_command("set_webhook", *arguments, stdout=printed)
    return printed.getvalue()


@pytest.fixture(autouse=True)
def _place(settings: Settings) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the commands slept, in seconds, without sleeping it."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    for command in (poll, set_webhook_command):
        monkeypatch.setattr(command, "sleep", sleep)
    return found


def test_the_webhook_is_set_with_what_we_serve(telegram: StandIn) -> None:
    assert set_webhook("--max-connections", "7") == "Telegram delivers to http://127.0.0.1:9/webhook; 0 updates wait.\n"
    webhook = telegram.webhook()
    assert webhook["allowed_updates"] == ["message", "channel_post"]
    assert webhook["max_connections"] == 7
    assert webhook["has_custom_certificate"] is False


def test_a_certificate_is_uploaded(telegram: StandIn, tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_text(CERTIFICATE)
    set_webhook("--certificate", str(tmp_path / "own.pem"))
    assert telegram.webhook()["has_custom_certificate"] is True


@pytest.mark.parametrize(
    ("content", "complaint"), [(None, "No such file"), ("text", "PEM"), (CERTIFICATE + "-----BEGIN PRIVATE KEY-----", "private key")]
)
def test_what_is_no_certificate_is_not_uploaded(telegram: StandIn, tmp_path: Path, content: str | None, complaint: str) -> None:
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CommandError, match=complaint):
        set_webhook("--certificate", str(file))
    assert telegram.calls("setWebhook") == []


def test_show_changes_nothing_and_delete_deletes(telegram: StandIn) -> None:
    assert set_webhook("--show") == "No webhook is set; 0 updates wait.\n"
    set_webhook()
    assert "127.0.0.1:9/webhook" in set_webhook("--show")
    assert set_webhook("--delete") == "No webhook is set; 0 updates wait.\n"


@pytest.mark.parametrize(
    ("fault", "tried"),
    [
        ({"code": 401}, 1),
        ({"code": 400}, 1),
        ({"code": 500}, 3),
        ({"code": 429, "retry_after": 1}, 3),
        ({"code": 429, "retry_after": 99}, 1),
    ],
)
def test_what_telegram_says_against_it_is_the_message(telegram: StandIn, slept: list[float], fault: dict[str, Any], tried: int) -> None:
    telegram.fault("setWebhook", times=0, **fault)
    with pytest.raises(CommandError, match="Telegram refused"):
        set_webhook()
    assert len(telegram.calls("setWebhook")) == tried
    assert len(slept) == tried - 1


@pytest.mark.parametrize("command", ["set_webhook", "poll"])
def test_help_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command(command, "--help")
    assert f"manage.py {command}" in capsys.readouterr().out


async def test_polled_updates_are_handled_as_delivered_ones(cloud: Cloud, telegram: StandIn) -> None:
    photo = telegram.photo(chat := telegram.chat())["message"]
    telegram.text(chat, "hello")
    following = await poll.once(None)
    assert predictions.get(f"{chat}-{photo['message_id']}") is not None
    assert [said["text"] for said in telegram.said(chat)] == [replies.HINT]
    telegram.text(chat, "/start")
    await poll.once(following)
    assert len(telegram.said(chat)) == 2, "what was dealt with is not asked for again"


async def test_an_update_that_cannot_be_dealt_with_is_tried_again(cloud: Cloud, telegram: StandIn, slept: list[float]) -> None:
    update = telegram.photo(chat := telegram.chat())
    telegram.fault("getFile", code=500)
    telegram.fault("getFile", code=429, retry_after=700)
    assert await poll.once(None) == update["update_id"] + 1
    assert slept == [5, 60]
    assert predictions.get(f"{chat}-{update['message']['message_id']}") is not None


async def test_polling_survives_telegrams_absence(telegram: StandIn, slept: list[float]) -> None:
    telegram.fault("getUpdates", code=502)
    assert await poll.once(17) == 17
    assert slept == [5]


def test_polling_ends_where_a_webhook_is_set(telegram: StandIn) -> None:
    set_webhook()
    with pytest.raises(CommandError, match=r"http://127.0.0.1:9/webhook.*--take-over"):
        call_command("poll")


async def test_polling_can_take_over(telegram: StandIn) -> None:
    telegram.set_webhook("http://127.0.0.1:9/webhook")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await poll.poll(take_over=True)
    assert telegram.webhook()["url"] == ""


def test_polling_ends_where_the_token_is_refused(telegram: StandIn) -> None:
    telegram.fault("getUpdates", code=401)
    with pytest.raises(CommandError, match="TELEGRAM_TOKEN"):
        call_command("poll")
