"""The front door: S3, then the table, then the queue; and the same again changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from detection import chats, config, photos, predictions
from detection.celery import DETECT
from detection.clock import now
from detection.errors import PhotoMissing, Unavailable
from detection.submit import submit_photo
from tests import queues
from tests.clouds import Cloud, send_through

PHOTO = b"\xff\xd8 these bytes are not looked at here"


def submit(message_id: int = 7, *, chat_id: int = 42) -> str:
    prediction = submit_photo(PHOTO, chat_id=chat_id, message_id=message_id, received_at=now())
    assert prediction is not None
    return prediction.prediction_id


@pytest.mark.parametrize("cloud", ["ministack", "moto"], indirect=True)
def test_photo_prediction_and_task_are_there(cloud: Cloud) -> None:
    name = submit()
    stored = predictions.get(name)
    assert stored is not None
    assert photos.get(stored.photo_key) == PHOTO
    assert [(task.name, task.arguments) for task in queues.receive("photos")] == [(DETECT, ["42-7"])]
    assert stored.queued_at is not None
    assert stored.stored_at is not None
    assert stored.received_at <= stored.stored_at <= stored.created_at <= stored.queued_at


def test_the_message_carries_the_id_and_nothing_else(cloud: Cloud) -> None:
    submit()
    (task,) = queues.receive("photos")
    assert task.arguments == ["42-7"]


def test_again_is_the_same_prediction_and_no_second_task(cloud: Cloud) -> None:
    assert submit() == submit()
    assert len(queues.receive("photos")) == 1


def test_many_at_once_are_one_prediction(cloud: Cloud) -> None:
    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(lambda _: submit(), range(4)))
    assert names == {"42-7"}
    # each may see it unsent and send it: the worker makes it once
    assert 1 <= len(queues.receive("photos")) <= 4


def test_stored_but_not_queued_is_sent_by_the_next_delivery(cloud: Cloud) -> None:
    send_through(config.shared().queue_urls | {"photos": f"{cloud.endpoint}/000000000000/no-such-queue"})
    with pytest.raises(Unavailable):
        submit()
    halfway = predictions.get("42-7")
    assert halfway is not None
    assert halfway.queued_at is None
    send_through(config.shared().queue_urls)
    submit()
    assert len(queues.receive("photos")) == 1


def test_an_erased_one_stays_gone_and_so_does_its_photo(cloud: Cloud) -> None:
    submit()
    predictions.erase("42-7")
    assert submit_photo(PHOTO, chat_id=42, message_id=7, received_at=now()) is None
    with pytest.raises(PhotoMissing):
        photos.get(photos.photo_key(42, "42-7"))


@pytest.mark.parametrize("blocked", [42, -5])
def test_of_a_blocked_chat_nothing_is_kept(cloud: Cloud, blocked: int) -> None:
    """Nor of the supergroup that a blocked group became."""
    chats.migrated(-5, 42)
    assert chats.block(blocked)
    assert not chats.block(blocked), "it was blocked before"
    assert submit_photo(PHOTO, chat_id=42, message_id=7, received_at=now()) is None
    assert predictions.get("42-7") is None
    assert photos.keys("42/") == set()
    assert queues.receive("photos") == []
    assert chats.unblock(42)
    assert not chats.unblock(42)
    assert submit() == "42-7"


def test_a_chat_with_several_open_predictions_waits_in_bulk(cloud: Cloud) -> None:
    for message in range(1, 6):
        submit(message)
    submit(1, chat_id=43)
    in_order = [task.arguments[0] for task in queues.receive("photos")]
    assert sorted(in_order) == ["42-1", "42-2", "42-3", "43-1"]
    assert sorted(task.arguments[0] for task in queues.receive("photos-bulk")) == ["42-4", "42-5"]


@pytest.mark.parametrize("variable", ["PHOTOS_BUCKET", "TABLE_PREFIX"])
def test_a_missing_store_is_unavailable(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "no-such-thing")
    config.forget()
    with pytest.raises(Unavailable):
        submit()
