"""POST /results, row by row of the table in docs/architecture.md."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from asgiref.sync import ThreadSensitiveContext
from django.http import HttpResponseBase
from django.test import AsyncClient
from pytest_django.fixtures import Settings

from botgateway import telegram as bot_api
from detection import chats, photos, predictions, signature
from detection.clock import now
from detection.prediction import Box, Detection, Failure, Prediction, prediction_id
from detection.predictions import Outcome
from detection.provision import provision
from tests import clouds
from tests.botgateway.standin import StandIn, jpeg
from tests.clouds import Cloud
from tests.counted import counted

KEYS = {"new": "the-new-results-secret", "old": "the-old-results-secret"}
CAT = Detection("cat", 0.91, Box(0.1, 0.2, 0.5, 0.75))


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.RESULTS_KEYS = KEYS


async def announce(name: str, *, header: str | None = None) -> HttpResponseBase:
    signed = header if header is not None else signature.sign(name, at=now(), keys=KEYS)
    # As Django's ASGI handler does, so that requests at the same time are on threads of their own.
    async with ThreadSensitiveContext():
        return await AsyncClient().post(f"/results?predictionId={name}", headers={signature.HEADER: signed})


def prediction_of(telegram: StandIn, chat_id: int, outcome: Outcome | None, *, annotated: bytes | None = None) -> Prediction:
    """The prediction of a photo that this chat sent, as a worker would leave it; None: still queued."""
    message_id = telegram.photo(chat_id)["message"]["message_id"]
    name = prediction_id(chat_id, message_id)
    prediction = Prediction(
        prediction_id=name, chat_id=chat_id, message_id=message_id, photo_key=f"{chat_id}/{name}/photo", received_at=now(), created_at=now()
    )
    predictions.create(prediction)
    if annotated is not None:
        photos.put(f"{chat_id}/{name}/annotated-1.jpg", annotated, content_type="image/jpeg")
    if outcome is None:
        return prediction
    finished = predictions.finish(name, outcome)
    assert finished is not None
    return finished


def done(telegram: StandIn, chat_id: int, *, annotated: bytes | None = None) -> Prediction:
    """A prediction that found a cat."""
    picture = annotated if annotated is not None else jpeg()
    key = f"{chat_id}/{prediction_id(chat_id, 0)}/annotated-1.jpg"
    photos.put(key, picture, content_type="image/jpeg")
    return prediction_of(telegram, chat_id, Outcome(model="m", detections=(CAT,), annotated_key=key))


def replied(prediction: Prediction) -> bool:
    stored = predictions.get(prediction.prediction_id)
    return stored is not None and stored.replied_at is not None


def undeliverable(prediction: Prediction) -> str | None:
    stored = predictions.get(prediction.prediction_id)
    return stored.undeliverable if stored else None


async def test_the_annotated_photo_answers_the_message(cloud: Cloud, telegram: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    prediction = done(telegram, chat := telegram.chat(), annotated=jpeg(200, 100))
    with caplog.at_level(logging.INFO):
        assert (await announce(prediction.prediction_id)).status_code == 200
    [said] = telegram.said(chat)
    assert said["caption"] == "1 object: 1 cat (91 %)"
    assert (said["photo"][-1]["width"], said["photo"][-1]["height"]) == (200, 100)
    assert said["reply_to_message"]["message_id"] == prediction.message_id
    assert replied(prediction)
    name = prediction.prediction_id
    steps = [record.message for record in caplog.records if record.message.startswith(name)]
    assert steps == [f"{name} claimed", f"{name} sent", f"{name} replied"]


async def test_nothing_found_is_an_answer(cloud: Cloud, telegram: StandIn) -> None:
    prediction = prediction_of(telegram, chat := telegram.chat(), Outcome(model="m"))
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert [said["text"] for said in telegram.said(chat)] == ["I see nothing I know in this photo."]


async def test_a_failure_is_a_sentence(cloud: Cloud, telegram: StandIn) -> None:
    prediction = prediction_of(telegram, chat := telegram.chat(), Outcome(failure=Failure.DAMAGED))
    assert (await announce(prediction.prediction_id)).status_code == 200
    [said] = telegram.said(chat)
    assert "damaged" in said["text"]
    assert said["reply_to_message"]["message_id"] == prediction.message_id
    assert replied(prediction)


async def test_an_annotated_photo_that_is_gone_leaves_the_caption(cloud: Cloud, telegram: StandIn) -> None:
    prediction = prediction_of(telegram, chat := telegram.chat(), Outcome(detections=(CAT,), annotated_key="nothing/here.jpg"))
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert [said["text"] for said in telegram.said(chat)] == ["1 object: 1 cat (91 %)"]


async def test_already_replied_is_200_and_says_nothing_more(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat())
    assert [(await announce(prediction.prediction_id)).status_code for _ in range(2)] == [200, 200]
    assert len(telegram.said(chat)) == 1


async def test_many_at_once_are_one_answer(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat())
    telegram.fault("sendPhoto", delay=0.5)
    answers = await asyncio.gather(*(announce(prediction.prediction_id) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert len(telegram.said(chat)) == 1


async def test_a_held_claim_is_409_with_the_time_it_has_left(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat())
    predictions.claim(prediction.prediction_id)
    answer = await announce(prediction.prediction_id)
    assert answer.status_code == 409
    assert 0 < int(answer.headers["Retry-After"]) <= predictions.LEASE.total_seconds() + 1
    assert telegram.said(chat) == []


async def test_not_finished_is_409(cloud: Cloud, telegram: StandIn) -> None:
    prediction = prediction_of(telegram, telegram.chat(), None)
    answer = await announce(prediction.prediction_id)
    assert answer.status_code == 409
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("name", ["42-7", "nonsense", "", "%F0%9F%A6%8A"])
async def test_an_unknown_id_is_404(cloud: Cloud, name: str) -> None:
    signed = signature.sign({"%F0%9F%A6%8A": "🦊"}.get(name, name), at=now(), keys=KEYS)
    assert (await announce(name, header=signed)).status_code == 404


async def test_an_erased_one_is_404(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, telegram.chat())
    predictions.erase(prediction.prediction_id)
    assert (await announce(prediction.prediction_id)).status_code == 404


@pytest.mark.parametrize(
    "made",
    [
        lambda: "",
        lambda: "nonsense",
        lambda: "new;1;00",
        lambda: signature.sign("42-7", at=now() - timedelta(minutes=6), keys=KEYS),
        lambda: signature.sign("42-7", at=now() + timedelta(minutes=6), keys=KEYS),
        lambda: signature.sign("42-8", at=now(), keys=KEYS),
        lambda: signature.sign("42-7", at=now(), keys={"other": "of-somebody-else"}),
        lambda: signature.sign("42-7", at=now(), keys={"new": "a-guess"}),
    ],
    ids=["missing", "malformed", "old", "stale", "early", "of another id", "unknown key", "wrong secret"],
)
async def test_without_a_good_signature_it_is_401_and_an_alarm(made: Callable[[], str], caplog: pytest.LogCaptureFixture) -> None:
    # No cloud here: nothing is asked of it.
    assert (await announce("42-7", header=made())).status_code == 401
    [alarm] = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert alarm.startswith("alarm: /results refused for '42-7'")
    assert not any(secret in caplog.text for secret in KEYS.values())


async def test_either_key_opens_it(cloud: Cloud, telegram: StandIn) -> None:
    for key_id, secret in KEYS.items():
        prediction = done(telegram, telegram.chat())
        header = signature.sign(prediction.prediction_id, at=now(), keys={key_id: secret})
        assert (await announce(prediction.prediction_id, header=header)).status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
async def test_other_methods_are_not_allowed(method: str) -> None:
    assert (await getattr(AsyncClient(), method)("/results?predictionId=42-7")).status_code == 405


@pytest.mark.parametrize(
    ("fault", "retry_after"),
    [
        ({"code": 429, "retry_after": 33}, "33"),
        ({"code": 500}, "5"),
        ({"code": 502}, "5"),
        ({"drop": "before"}, "5"),
        ({"code": 401}, "60"),
    ],
    ids=str,
)
async def test_telegram_down_is_503_and_the_next_announcement_works(
    cloud: Cloud, telegram: StandIn, fault: dict[str, Any], retry_after: str
) -> None:
    prediction = done(telegram, chat := telegram.chat())
    telegram.fault("sendPhoto", **fault)
    answer = await announce(prediction.prediction_id)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, retry_after)
    assert not replied(prediction)
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert len(telegram.said(chat)) == 1
    assert replied(prediction)


async def test_an_answer_we_did_not_hear_is_sent_again(cloud: Cloud, telegram: StandIn) -> None:
    """Better twice than never: Telegram took it, and the connection broke."""
    prediction = done(telegram, chat := telegram.chat())
    telegram.fault("sendPhoto", drop="after")
    assert (await announce(prediction.prediction_id)).status_code == 503
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert len(telegram.said(chat)) == 2
    assert counted()["unheard"] == 1


async def test_an_answer_we_could_not_record_is_sent_again_and_logged(
    cloud: Cloud, telegram: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    prediction = done(telegram, chat := telegram.chat())
    boto3.client("dynamodb").delete_table(TableName=f"{cloud.environment['TABLE_PREFIX']}-counters")
    assert (await announce(prediction.prediction_id)).status_code == 503
    assert f"{prediction.prediction_id} unrecorded" in caplog.text
    provision()
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert replied(prediction)
    assert len(telegram.said(chat)) == 2


async def test_a_process_that_slept_past_its_claim_is_logged(
    cloud: Cloud, telegram: StandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    prediction = done(telegram, chat := telegram.chat())
    monkeypatch.setattr(predictions, "LEASE", timedelta(seconds=0.1))
    telegram.fault("sendPhoto", delay=2)
    slow = asyncio.create_task(announce(prediction.prediction_id))
    await asyncio.sleep(0.7)
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert (await slow).status_code == 200
    assert len(telegram.said(chat)) == 2
    assert f"{prediction.prediction_id} repeated" in caplog.text
    assert counted()["repeated"] == 1


async def test_a_refused_token_is_an_alarm_and_no_chats_fault(cloud: Cloud, telegram: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    prediction = done(telegram, telegram.chat())
    telegram.fault("sendPhoto", code=401)
    assert (await announce(prediction.prediction_id)).status_code == 503
    assert "alarm: Telegram refuses the bot's token" in caplog.text
    assert undeliverable(prediction) is None


async def test_a_long_wait_is_kept_with_the_chat_and_telegram_left_alone(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat())
    telegram.fault("sendPhoto", code=429, retry_after=1700)
    assert (await announce(prediction.prediction_id)).headers["Retry-After"] == "1700"
    until = chats.not_before(chat)
    assert until is not None
    assert timedelta(seconds=1600) < until - now() <= timedelta(seconds=1700)
    answer = await announce(prediction.prediction_id)
    assert answer.status_code == 503
    assert 1600 < int(answer.headers["Retry-After"]) <= 1700
    assert len(telegram.calls("sendPhoto")) == 1
    chats.defer(chat, now() - timedelta(seconds=1))
    assert (await announce(prediction.prediction_id)).status_code == 200


async def test_a_short_wait_is_not(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat())
    telegram.fault("sendPhoto", code=429, retry_after=900)
    assert (await announce(prediction.prediction_id)).status_code == 503
    assert chats.not_before(chat) is None


@pytest.mark.parametrize(
    ("code", "description"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
        (403, "Forbidden: bot was kicked from the group chat"),
        (400, "Bad Request: chat not found"),
    ],
)
async def test_a_chat_that_cannot_be_written_to_is_200_and_undeliverable(
    cloud: Cloud, telegram: StandIn, code: int, description: str
) -> None:
    prediction = done(telegram, chat := telegram.chat())
    telegram.fault("sendPhoto", code=code, description=description)
    assert (await announce(prediction.prediction_id)).status_code == 200
    reason = undeliverable(prediction)
    assert reason is not None
    assert description.partition(": ")[2].lower() in reason.lower()
    assert telegram.said(chat) == []
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert len(telegram.calls("sendPhoto")) == 1


async def test_a_person_who_blocked_the_bot(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat())
    telegram.block(chat)
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert undeliverable(prediction) is not None


async def test_a_rejected_photo_goes_once_more_as_a_document(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat())
    telegram.fault("sendPhoto", code=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS")
    assert (await announce(prediction.prediction_id)).status_code == 200
    [said] = telegram.said(chat)
    assert said["document"]
    assert said["caption"] == "1 object: 1 cat (91 %)"
    assert "reply_to_message" not in said
    assert replied(prediction)


async def test_where_photos_are_forbidden_text_is_sent(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat("group"))
    telegram.fault("sendPhoto", code=400, description="Bad Request: not enough rights to send photos to the chat")
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert [said["text"] for said in telegram.said(chat)] == ["1 object: 1 cat (91 %)"]


async def test_rejected_text_goes_once_more_without_its_target(cloud: Cloud, telegram: StandIn) -> None:
    prediction = prediction_of(telegram, chat := telegram.chat(), Outcome(failure=Failure.EMPTY))
    telegram.fault("sendMessage", code=400, description="Bad Request: message to be replied not found")
    assert (await announce(prediction.prediction_id)).status_code == 200
    [said] = telegram.said(chat)
    assert "reply_to_message" not in said


async def test_rejected_twice_is_undeliverable(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat())
    telegram.fault("sendPhoto", code=400, description="Bad Request: something new")
    telegram.fault("sendDocument", code=400, description="Bad Request: something newer")
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert "something newer" in (undeliverable(prediction) or "").lower()
    assert telegram.said(chat) == []


async def test_a_group_that_became_a_supergroup_is_answered_there(cloud: Cloud, telegram: StandIn) -> None:
    first = done(telegram, chat := telegram.chat("group"))
    second = done(telegram, chat)
    moved = telegram.migrate(chat)
    assert (await announce(first.prediction_id)).status_code == 200
    assert chats.current_id(chat) == moved
    calls = len(telegram.calls("sendPhoto"))
    assert (await announce(second.prediction_id)).status_code == 200
    assert len(telegram.calls("sendPhoto")) == calls + 1, "the new id is known now, so the old one isn't tried"
    said = telegram.said(moved)[-2:]
    assert [message["caption"] for message in said] == ["1 object: 1 cat (91 %)"] * 2
    assert not any("reply_to_message" in message for message in said)
    assert replied(first)
    assert replied(second)


async def test_a_group_that_moves_again_and_again_is_undeliverable(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, telegram.chat("group"))
    telegram.fault("sendPhoto", code=400, description="upgraded", migrate_to_chat_id=-1009, times=2)
    assert (await announce(prediction.prediction_id)).status_code == 200
    assert undeliverable(prediction) is not None


async def test_all_attempts_together_end_within_the_time_of_one(cloud: Cloud, telegram: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    prediction = done(telegram, telegram.chat())
    monkeypatch.setattr(bot_api, "TOTAL_SECONDS", 1)
    telegram.fault("sendPhoto", code=400, delay=0.7)
    telegram.fault("sendDocument", delay=0.7)
    answer = await announce(prediction.prediction_id)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_an_answer_to_a_message_that_was_deleted(cloud: Cloud, telegram: StandIn) -> None:
    prediction = done(telegram, chat := telegram.chat())
    telegram.delete(chat, prediction.message_id)
    assert (await announce(prediction.prediction_id)).status_code == 200
    [said] = telegram.said(chat)
    assert "reply_to_message" not in said


async def test_s3_down_is_503_and_the_claim_is_free_again(cloud: Cloud, telegram: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    prediction = done(telegram, telegram.chat())
    with monkeypatch.context() as broken:
        broken.setenv("PHOTOS_BUCKET", "there-is-none")
        clouds.forget()
        answer = await announce(prediction.prediction_id)
    clouds.forget()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert (await announce(prediction.prediction_id)).status_code == 200


async def test_the_table_down_is_503(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_PREFIX", "there-is-none")
    clouds.forget()
    answer = await announce("42-7")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
