"""The webhook, row by row of the table in docs/architecture.md: what comes in, what is answered, what is done."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import boto3
import pytest
from django.http import HttpResponseBase
from django.test import AsyncClient
from pytest_django.fixtures import Settings

from botgateway import replies
from detection import chats, photos, predictions
from detection.prediction import Status
from tests import clouds
from tests.botgateway.standin import StandIn, jpeg
from tests.clouds import Cloud
from tests.settings import CLOSED

NEW, OLD = "a-made-up-webhook-secret", "the-secret-before-that-one"


async def deliver(update: object, *, secret: str | None = NEW) -> HttpResponseBase:
    body = update if isinstance(update, bytes) else json.dumps(update)
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    return await AsyncClient().post("/webhook", data=body, content_type="application/json", headers=headers)


def id_of(update: dict[str, Any]) -> str:
    message = update["message"]
    return f"{message['chat']['id']}-{message['message_id']}"


def queued(cloud: Cloud) -> int:
    found = boto3.client("sqs").receive_message(QueueUrl=cloud.queue_urls["photos"], MaxNumberOfMessages=10, VisibilityTimeout=0)
    return len(found.get("Messages", []))


async def test_a_photo_becomes_a_prediction_on_its_way(cloud: Cloud, telegram: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    update = telegram.photo(chat := telegram.chat())
    with caplog.at_level(logging.INFO):
        assert (await deliver(update)).status_code == 200
    prediction = predictions.get(id_of(update))
    assert prediction is not None
    assert (prediction.chat_id, prediction.message_id, prediction.status) == (chat, update["message"]["message_id"], Status.QUEUED)
    assert photos.get(prediction.photo_key).startswith(b"\xff\xd8")
    assert queued(cloud) == 1
    assert f"{prediction.prediction_id} received" in caplog.text
    assert [call["chat_id"] for call in telegram.calls("sendChatAction")] == [chat]
    assert telegram.said(chat) == []


async def test_an_image_sent_as_a_file_is_taken_as_it_is(cloud: Cloud, telegram: StandIn) -> None:
    picture = jpeg(33, 44)
    update = telegram.document(telegram.chat(), picture, "scan.jpg")
    assert (await deliver(update)).status_code == 200
    prediction = predictions.get(id_of(update))
    assert prediction is not None
    assert photos.get(prediction.photo_key) == picture


async def test_the_same_update_twice_at_once_is_one_prediction(cloud: Cloud, telegram: StandIn) -> None:
    update = telegram.photo(telegram.chat())
    answers = await asyncio.gather(*(deliver(update) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    first = predictions.get(id_of(update))
    assert (await deliver(update)).status_code == 200
    assert predictions.get(id_of(update)) == first


async def test_a_blocked_chat_is_200_and_nothing_is_done(cloud: Cloud, telegram: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    update = telegram.photo(chat := telegram.chat())
    chats.block(chat)
    with caplog.at_level(logging.INFO):
        assert (await deliver(update)).status_code == 200
    assert predictions.get(id_of(update)) is None
    assert (telegram.calls("getFile"), telegram.calls("sendChatAction"), telegram.said(chat)) == ([], [], [])
    assert f"chat {chat} is blocked" in caplog.text
    chats.unblock(chat)
    assert (await deliver(update)).status_code == 200
    assert predictions.get(id_of(update)) is not None


@pytest.mark.parametrize(
    ("secret", "status"), [(NEW, 200), (OLD, 200), (None, 403), ("", 403), ("wrong", 403), (f"{NEW},{OLD}", 403), ("é", 403)]
)
async def test_only_the_two_secrets_open_it(telegram: StandIn, settings: Settings, secret: str | None, status: int) -> None:
    settings.WEBHOOK_SECRETS = (NEW, OLD)
    update = telegram.text(chat := telegram.chat(), "hello")
    assert (await deliver(update, secret=secret)).status_code == status
    assert len(telegram.said(chat)) == (1 if status == 200 else 0)


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"\xff\xfe", b"[" * 100_000, b'{"update_id": 1}', b"null", b'{"update_id": 1, "poll": {}}']
)
async def test_what_is_no_update_of_ours_is_taken_and_forgotten(body: bytes) -> None:
    assert (await deliver(body)).status_code == 200


async def test_an_edit_is_taken_and_forgotten(telegram: StandIn) -> None:
    update = telegram.photo(chat := telegram.chat())
    update["edited_message"] = update.pop("message")
    assert (await deliver(update)).status_code == 200
    assert telegram.calls("getFile") == []
    assert telegram.said(chat) == []


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
async def test_other_methods_are_not_allowed(method: str) -> None:
    answer = await getattr(AsyncClient(), method)("/webhook", headers={"X-Telegram-Bot-Api-Secret-Token": NEW})
    assert answer.status_code == 405


@pytest.mark.parametrize(
    ("text", "says"), [("/start", "Hello!"), ("/help", "AGPL"), ("/help@polybot", "/source"), ("what is this", replies.HINT)]
)
async def test_commands_and_a_hint_for_text(telegram: StandIn, text: str, says: str) -> None:
    update = telegram.text(chat := telegram.chat(), text)
    assert (await deliver(update)).status_code == 200
    [said] = telegram.said(chat)
    assert says in said["text"]


async def test_text_in_a_group_is_left_alone(telegram: StandIn) -> None:
    update = telegram.text(chat := telegram.chat("group"), "how are you?")
    assert (await deliver(update)).status_code == 200
    assert telegram.said(chat) == []


async def test_a_file_over_20_mb_is_answered_with_a_sentence(cloud: Cloud, telegram: StandIn) -> None:
    update = telegram.document(chat := telegram.chat(), jpeg() + bytes(25_000_000), "large.jpg")
    assert (await deliver(update)).status_code == 200
    assert [said["text"] for said in telegram.said(chat)] == [replies.TOO_LARGE]
    assert telegram.calls("getFile") == []
    assert predictions.get(id_of(update)) is None


async def test_so_is_one_whose_size_only_telegram_knew(cloud: Cloud, telegram: StandIn) -> None:
    update = telegram.document(chat := telegram.chat(), jpeg(), "large.jpg")
    telegram.fault("getFile", code=400, description="Bad Request: file is too big")
    assert (await deliver(update)).status_code == 200
    assert [said["text"] for said in telegram.said(chat)] == [replies.TOO_LARGE]


async def test_a_file_that_telegram_never_gives_is_answered_with_a_sentence(cloud: Cloud, telegram: StandIn) -> None:
    update = telegram.photo(chat := telegram.chat())
    telegram.fault("getFile", code=400, description="Bad Request: wrong file_id or the file is temporarily unavailable")
    assert (await deliver(update)).status_code == 200
    assert [said["text"] for said in telegram.said(chat)] == [replies.NOT_RECEIVED]


@pytest.mark.parametrize(
    ("method", "fault", "retry_after"),
    [
        ("getFile", {"code": 500}, "5"),
        ("getFile", {"code": 429, "retry_after": 33}, "33"),
        ("getFile", {"code": 429, "retry_after": 99_999}, "3600"),
        ("getFile", {"drop": "before"}, "5"),
        ("download", {"code": 500}, "5"),
        ("download", {"code": 404}, "5"),
    ],
    ids=str,
)
async def test_telegram_down_is_503_and_the_redelivery_works(
    cloud: Cloud, telegram: StandIn, method: str, fault: dict[str, Any], retry_after: str
) -> None:
    update = telegram.photo(telegram.chat())
    telegram.fault(method, **fault)
    answer = await deliver(update)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, retry_after)
    assert predictions.get(id_of(update)) is None
    assert (await deliver(update)).status_code == 200
    assert predictions.get(id_of(update)) is not None


async def test_a_refused_token_is_503_and_an_alarm(cloud: Cloud, telegram: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    update = telegram.photo(telegram.chat())
    telegram.fault("getFile", code=401)
    answer = await deliver(update)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert [record.message for record in caplog.records if record.levelname == "ERROR" and "alarm" in record.message]


@pytest.mark.parametrize("variable", ["PHOTOS_BUCKET", "TABLE_PREFIX", "PHOTOS_QUEUE_URL"])
async def test_s3_the_table_or_the_queue_down_is_503_and_the_redelivery_works(
    cloud: Cloud, telegram: StandIn, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    update = telegram.photo(telegram.chat())
    with monkeypatch.context() as broken:
        broken.setenv(variable, f"{cloud.endpoint}/000000000000/gone" if variable.endswith("URL") else "there-is-none")
        clouds.forget()
        answer = await deliver(update)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    clouds.forget()
    assert (await deliver(update)).status_code == 200
    prediction = predictions.get(id_of(update))
    assert prediction is not None
    assert prediction.queued_at is not None
    assert queued(cloud) == 1


async def test_a_chat_action_that_fails_changes_nothing(cloud: Cloud, telegram: StandIn) -> None:
    update = telegram.photo(telegram.chat())
    telegram.fault("sendChatAction", code=500)
    assert (await deliver(update)).status_code == 200
    assert predictions.get(id_of(update)) is not None


@pytest.mark.parametrize(
    ("fault", "status"), [({"code": 500}, 503), ({"code": 429, "retry_after": 8}, 503), ({"code": 400}, 200), ({"code": 403}, 200)], ids=str
)
async def test_a_sentence_that_cannot_be_said(telegram: StandIn, fault: dict[str, Any], status: int) -> None:
    update = telegram.text(telegram.chat(), "/start")
    telegram.fault("sendMessage", **fault)
    assert (await deliver(update)).status_code == status


async def test_a_group_that_moved_is_remembered(cloud: Cloud, telegram: StandIn) -> None:
    chat = telegram.chat("group")
    update = telegram.text(chat, "/start")
    update["message"]["migrate_to_chat_id"] = -100_777
    assert (await deliver(update)).status_code == 200
    assert chats.current_id(chat) == -100_777


async def test_a_command_is_answered_where_the_group_moved(cloud: Cloud, telegram: StandIn) -> None:
    update = telegram.text(chat := telegram.chat("group"), "/start")
    moved = telegram.migrate(chat)
    assert (await deliver(update)).status_code == 200
    assert len(telegram.said(moved)) == 1
    assert chats.current_id(chat) == moved


async def test_a_group_that_moves_again_and_again_is_left(cloud: Cloud, telegram: StandIn) -> None:
    update = telegram.text(telegram.chat("group"), "/start")
    telegram.fault("sendMessage", code=400, description="upgraded", migrate_to_chat_id=-1009, times=2)
    assert (await deliver(update)).status_code == 200


async def test_captions_and_names_are_not_logged(cloud: Cloud, telegram: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    update = telegram.photo(telegram.chat())
    update["message"] |= {"caption": "what-a-person-wrote"}
    update["message"]["from"]["first_name"] = "name-of-a-person"
    with caplog.at_level(logging.DEBUG):
        await deliver(update)
    assert "received" in caplog.text
    assert "of-a-person" not in caplog.text
    assert "a-person-wrote" not in caplog.text


async def test_nothing_is_closed_to_begin_with() -> None:
    """The endpoints of tests/settings.py are dead: a test that forgets its stand-in hears so, as a 503."""
    update = {"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1, "type": "private"}, "text": "hi"}}
    assert CLOSED.endswith(":9")
    assert (await deliver(update)).status_code == 503
