"""The Bot API over a socket: what comes back, and which of our errors each of Telegram's is."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest

from botgateway import telegram as bot_api
from botgateway.telegram import ChatMigrated, Rejected, TokenRefused, TryLater, Undeliverable, Unheard
from tests.botgateway.standin import TOKEN, StandIn, jpeg


def file_id(telegram: StandIn, content: bytes) -> str:
    return str(telegram.document(telegram.chat(), content, "photo.jpg")["message"]["document"]["file_id"])


async def test_a_file_comes_back_as_it_was_sent(telegram: StandIn) -> None:
    picture = jpeg()
    assert await bot_api.download(file_id(telegram, picture)) == picture


async def test_an_unknown_file_is_rejected(telegram: StandIn) -> None:
    with pytest.raises(Rejected):
        await bot_api.download("no-such-file")


async def test_a_photo_answers_a_message(telegram: StandIn) -> None:
    message = telegram.photo(chat := telegram.chat())["message"]
    await bot_api.send_photo(chat, jpeg(), caption="1 cat", reply_to=message["message_id"])
    [said] = telegram.said(chat)
    assert said["caption"] == "1 cat"
    assert said["photo"]
    assert said["reply_to_message"]["message_id"] == message["message_id"]


async def test_an_answer_comes_without_the_message_that_was_deleted(telegram: StandIn) -> None:
    message = telegram.photo(chat := telegram.chat())["message"]
    telegram.delete(chat, message["message_id"])
    await bot_api.send_text(chat, "hello", reply_to=message["message_id"])
    [said] = telegram.said(chat)
    assert said["text"] == "hello"
    assert "reply_to_message" not in said


async def test_a_photo_that_is_too_large_goes_as_a_document(telegram: StandIn) -> None:
    chat = telegram.chat()
    await bot_api.send_photo(chat, jpeg() + bytes(bot_api.PHOTO_LIMIT), caption="big", reply_to=None)
    [said] = telegram.said(chat)
    assert said["document"]["file_name"] == "answer.jpg"
    assert telegram.calls("sendPhoto") == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"code": 429, "retry_after": 17}, TryLater),
        ({"code": 500}, Unheard),
        ({"code": 502}, Unheard),
        ({"drop": "before"}, Unheard),
        ({"drop": "after"}, Unheard),
        ({"code": 401}, TokenRefused),
        ({"code": 403, "description": "Forbidden: bot was blocked by the user"}, Undeliverable),
        ({"code": 403, "description": "Forbidden: bot was kicked from the supergroup chat"}, Undeliverable),
        ({"code": 400, "description": "Bad Request: chat not found"}, Undeliverable),
        ({"code": 400, "description": "Bad Request: message is too long"}, Rejected),
        ({"code": 413, "description": "Request Entity Too Large"}, Rejected),
        ({"code": 400, "description": "upgraded", "migrate_to_chat_id": -1009}, ChatMigrated),
    ],
    ids=str,
)
async def test_errors_become_ours(telegram: StandIn, fault: dict[str, object], expected: type[Exception]) -> None:
    telegram.fault("sendMessage", **fault)
    with pytest.raises(expected) as raised:
        await bot_api.send_text(telegram.chat(), "hello", reply_to=None)
    assert type(raised.value) is expected


async def test_telegram_says_when_to_try_again(telegram: StandIn) -> None:
    telegram.fault("sendMessage", code=429, retry_after=1700)
    with pytest.raises(TryLater) as raised:
        await bot_api.send_text(telegram.chat(), "hello", reply_to=None)
    assert raised.value.retry_after == 1700


async def test_a_group_says_where_it_moved(telegram: StandIn) -> None:
    telegram.fault("sendMessage", code=400, description="upgraded", migrate_to_chat_id=-1009)
    with pytest.raises(ChatMigrated) as raised:
        await bot_api.send_text(telegram.chat("group"), "hello", reply_to=None)
    assert raised.value.new_chat_id == -1009


async def test_silence_ends(telegram: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_api, "TOTAL_SECONDS", 0.2)
    telegram.fault("sendMessage", delay=2)
    with pytest.raises(TryLater, match="no answer"):
        await bot_api.send_text(telegram.chat(), "hello", reply_to=None)


async def test_a_link_that_does_not_work_is_worth_another(telegram: StandIn) -> None:
    telegram.fault("download", code=404)
    with pytest.raises(TryLater):
        await bot_api.download(file_id(telegram, jpeg()))


async def test_the_chat_action_never_fails(telegram: StandIn) -> None:
    chat = telegram.chat()
    await bot_api.show_uploading(chat)
    telegram.fault("sendChatAction", code=500)
    await bot_api.show_uploading(chat)
    assert [call["status"] for call in telegram.calls("sendChatAction")] == [200, 500]


@pytest.mark.parametrize(
    "fault", [{"code": 401}, {"code": 500}, {"drop": "before"}, {"code": 404}, {"code": 429, "retry_after": 3}], ids=str
)
async def test_the_token_is_in_no_error_and_no_log_line(
    telegram: StandIn, fault: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    sent = file_id(telegram, jpeg())
    with caplog.at_level(logging.INFO):
        for method in ("download", "getFile"):
            telegram.fault(method, **fault)
            with pytest.raises((TryLater, TokenRefused)) as raised:
                await bot_api.download(sent)
            assert TOKEN not in "".join(traceback.format_exception(raised.value))
            assert TOKEN not in caplog.text


def test_each_event_loop_has_its_own_connections(telegram: StandIn) -> None:
    chat = telegram.chat()

    async def say() -> None:
        await bot_api.send_text(chat, "hello", reply_to=None)
        await bot_api.close()

    for _ in range(3):
        asyncio.run(say())
    assert len(telegram.said(chat)) == 3
