"""Conditional writes against a real table: doing a thing twice is doing it once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from detection import predictions, table
from detection.clock import now
from detection.prediction import Box, Detection, Failure, Prediction, Status, prediction_id
from detection.predictions import AlreadyReplied, Claimed, NotFinished, NotFound, Outcome
from tests.clouds import Cloud
from tests.counted import counted

CAT = Detection("cat", 0.91, Box(0.1, 0.2, 0.5, 0.75))
both = pytest.mark.parametrize("cloud", ["ministack", "moto"], indirect=True)


def new(message_id: int = 7, *, chat_id: int = 42, age: timedelta = timedelta()) -> Prediction:
    at = now() - age
    name = prediction_id(chat_id, message_id)
    return Prediction(
        prediction_id=name, chat_id=chat_id, message_id=message_id, photo_key=f"{chat_id}/{name}/photo", received_at=at, created_at=at
    )


def created(message_id: int = 7, *, chat_id: int = 42, age: timedelta = timedelta()) -> str:
    prediction = predictions.create(new(message_id, chat_id=chat_id, age=age))
    assert prediction is not None
    return prediction.prediction_id


@both
def test_a_prediction_comes_back_as_it_was_stored(cloud: Cloud) -> None:
    prediction = new()
    assert predictions.create(prediction) == prediction
    assert predictions.get("42-7") == prediction


def test_creating_twice_returns_what_is_there(cloud: Cloud) -> None:
    first = predictions.create(new())
    assert predictions.create(new()) == first


def test_of_many_creations_at_once_one_wins(cloud: Cloud) -> None:
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda _: predictions.create(new()), range(8)))
    assert len({one.created_at for one in stored if one}) == 1


def test_what_is_not_there_is_none_or_false(cloud: Cloud) -> None:
    assert predictions.get("1-1") is None
    assert predictions.start("1-1", worker="w") is None
    assert predictions.finish("1-1", Outcome()) is None
    assert predictions.mark_queued("1-1", queue="photos", at=now()) is False
    predictions.give_back("1-1")
    assert predictions.get("1-1") is None, "an update must not make an item"


def test_start_counts_attempts_and_giving_back_takes_them_off(cloud: Cloud) -> None:
    name = created()
    predictions.start(name, worker="a")
    second = predictions.start(name, worker="b")
    assert second is not None
    assert (second.attempts, second.failed_attempts, second.worker) == (2, 2, "b")
    predictions.give_back(name)
    third = predictions.start(name, worker="c")
    assert third is not None
    assert (third.attempts, third.failed_attempts) == (3, 2)


@both
def test_finish_wins_once(cloud: Cloud) -> None:
    name = created()
    first = predictions.finish(name, Outcome(model="m", detections=(CAT,), annotated_key="42/42-7/annotated-1.jpg", detected_at=now()))
    again = predictions.finish(name, Outcome(failure=Failure.DAMAGED))
    assert first is not None
    assert first == again
    assert (first.status, first.detections, first.annotated_key) == (Status.DONE, (CAT,), "42/42-7/annotated-1.jpg")
    assert predictions.start(name, worker="late") == first, "a finished one is not started, nor counted"


@both
def test_only_the_write_that_wins_is_counted(cloud: Cloud) -> None:
    name = created()
    for _ in range(3):
        predictions.finish(name, Outcome(failure=Failure.DAMAGED))
    claim = predictions.claim(name)
    assert predictions.mark_replied(claim) is True
    assert predictions.mark_replied(claim) is False
    assert counted()["failed"] == 1


def test_simultaneous_finishes_are_counted_once_each(cloud: Cloud) -> None:
    names = [created(message) for message in range(1, 13)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: predictions.finish(name, Outcome()), names * 2))
    assert counted() == {"photos": 12, "done": 12}


def test_claim_says_why_not(cloud: Cloud) -> None:
    with pytest.raises(NotFound):
        predictions.claim("42-7")
    name = created()
    with pytest.raises(NotFinished) as unfinished:
        predictions.claim(name)
    assert unfinished.value.retry_after > 0
    predictions.finish(name, Outcome())
    claim = predictions.claim(name)
    with pytest.raises(Claimed) as held:
        predictions.claim(name)
    assert 0 < held.value.retry_after <= predictions.CLAIM_RETRY_SECONDS
    predictions.release(claim)
    predictions.mark_replied(predictions.claim(name))
    with pytest.raises(AlreadyReplied):
        predictions.claim(name)


def test_of_many_claims_at_once_one_is_granted(cloud: Cloud) -> None:
    name = created()
    predictions.finish(name, Outcome())

    def attempt(_: int) -> bool:
        try:
            predictions.claim(name)
        except Claimed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_claim_can_be_taken_over_when_its_lease_has_ended(cloud: Cloud) -> None:
    name = created()
    predictions.finish(name, Outcome())
    first = predictions.claim(name)
    end_lease(name)
    second = predictions.claim(name)
    assert second.token != first.token
    predictions.release(first)  # must not free what the second one holds
    with pytest.raises(Claimed):
        predictions.claim(name)


def test_undeliverable_closes_a_prediction(cloud: Cloud) -> None:
    name = created()
    predictions.finish(name, Outcome())
    predictions.mark_undeliverable(predictions.claim(name), "blocked by the user")
    stored = predictions.get(name)
    assert stored is not None
    assert (stored.undeliverable, stored.is_open) == ("blocked by the user", False)
    with pytest.raises(AlreadyReplied):
        predictions.claim(name)


@both
def test_the_index_of_open_ones_holds_the_open_ones(cloud: Cloud) -> None:
    names = [created(message, age=timedelta(minutes=5)) for message in range(1, 7)]
    created(99)
    for name in names[:3]:
        predictions.finish(name, Outcome())
        predictions.mark_replied(predictions.claim(name))
    found = {one.prediction_id for one in predictions.open_before(now() - timedelta(minutes=1))}
    assert found == set(names[3:])


def test_a_chats_predictions_newest_first(cloud: Cloud) -> None:
    for message in (1, 2, 3):
        created(message, age=timedelta(minutes=10 - message))
    created(9, chat_id=43)
    assert [one.message_id for one in predictions.of_chat(42, limit=2)] == [3, 2]


def test_erased_is_gone_and_stays_gone(cloud: Cloud) -> None:
    name = created()
    predictions.start(name, worker="w")
    erased = predictions.erase(name)
    assert erased is not None
    assert predictions.get(name) is None
    assert predictions.create(new()) is None, "a redelivery must not bring it back"
    assert predictions.finish(name, Outcome(detections=(CAT,))) is None
    with pytest.raises(NotFound):
        predictions.claim(name)
    item = table.predictions().get(name)
    assert set(item.attribute_values) == {"prediction_id", "erased_at", "expires_at"}


def test_expired_is_gone_before_dynamodb_removes_it(cloud: Cloud) -> None:
    name = created(age=timedelta(days=31))
    assert predictions.get(name) is None
    assert predictions.of_chat(42, limit=5) == []


def test_queued_at_is_written_by_whoever_saw_it_as_it_is(cloud: Cloud) -> None:
    name, first = created(), datetime(2026, 11, 1, tzinfo=UTC)
    assert predictions.mark_queued(name, queue="photos", at=first)
    assert not predictions.mark_queued(name, queue="photos", at=now())
    assert predictions.mark_queued(name, queue="photos", at=now(), seen=first)
    assert not predictions.mark_queued(name, queue="photos", at=now(), seen=first)


def end_lease(name: str) -> None:
    item = table.predictions().get(name)
    item.update(actions=[table.PredictionItem.claimed_until.set(now() - timedelta(seconds=1))])
