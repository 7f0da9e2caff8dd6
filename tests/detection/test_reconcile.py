"""What fell between two steps goes on, and what needs only patience is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detection import leases, photos, predictions, table
from detection.celery import ANNOUNCE, DETECT
from detection.clock import now
from detection.items import OpenPrediction
from detection.prediction import Failure, Prediction, Status, prediction_id
from detection.predictions import Outcome
from detection.reconcile import Step, due, reconcile
from tests import queues
from tests.clouds import Cloud

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def waiting(*, created: float, queued: float | None = None) -> OpenPrediction:
    return OpenPrediction("42-7", Status.QUEUED, minutes_before(created), minutes_before(queued) if queued else None, None, None)


def finished(status: Status, *, minutes: float, announce: float | None = None) -> OpenPrediction:
    at = minutes_before(minutes)
    return OpenPrediction("42-7", status, at, at, at, minutes_before(announce) if announce else None)


def minutes_before(minutes: float) -> datetime:
    return AT - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("one", "step"),
    [
        (waiting(created=0.9), None),
        (waiting(created=1.1), Step.SEND),
        (waiting(created=70, queued=59), None),
        (waiting(created=70, queued=61), Step.SEND_AGAIN),
        (waiting(created=24 * 60 - 1, queued=59), None),
        (waiting(created=24 * 60 + 1, queued=59), Step.GIVE_UP),
        (waiting(created=24 * 60 + 1), Step.GIVE_UP),
        (finished(Status.DONE, minutes=1.9), None),
        (finished(Status.DONE, minutes=2.1), Step.ANNOUNCE),
        (finished(Status.FAILED, minutes=2.1), Step.ANNOUNCE),
        (finished(Status.DONE, minutes=50, announce=1.9), None),
        (finished(Status.DONE, minutes=50, announce=-10), None),
        (finished(Status.DONE, minutes=50, announce=2.1), Step.ANNOUNCE),
    ],
)
def test_what_is_due(one: OpenPrediction, step: Step | None) -> None:
    assert due(one, AT) is step


def make(message_id: int, *, age: timedelta, queued: bool = False) -> str:
    name, at = prediction_id(42, message_id), now() - age
    predictions.create(
        Prediction(
            prediction_id=name,
            chat_id=42,
            message_id=message_id,
            photo_key=photos.photo_key(42, name),
            received_at=at,
            created_at=at,
        )
    )
    if queued:
        predictions.mark_queued(name, queue="photos", at=at)
    return name


def test_unsent_ones_are_sent_once(cloud: Cloud) -> None:
    make(1, age=timedelta(minutes=2))
    make(2, age=timedelta(seconds=5))
    make(3, age=timedelta(minutes=30), queued=True)
    assert reconcile() == {Step.SEND: 1}
    assert reconcile() == {}
    assert [(task.name, task.arguments) for task in queues.receive("photos")] == [(DETECT, ["42-1"])]


def test_unseen_ones_are_sent_again(cloud: Cloud) -> None:
    make(1, age=timedelta(minutes=61), queued=True)
    assert reconcile() == {Step.SEND_AGAIN: 1}
    assert reconcile() == {}, "it is queued now, and has an hour"
    assert len(queues.receive("photos")) == 1


def test_hopeless_ones_are_given_up_and_announced(cloud: Cloud) -> None:
    name = make(1, age=timedelta(hours=25), queued=True)
    assert reconcile() == {Step.GIVE_UP: 1}
    stored = predictions.get(name)
    assert stored is not None
    assert (stored.status, stored.failure) == (Status.FAILED, Failure.GAVE_UP)
    assert [(task.name, task.arguments) for task in queues.receive("answers")] == [(ANNOUNCE, ["42-1"])]


def test_one_announcement_at_a_time(cloud: Cloud) -> None:
    """While Telegram is away, each minute must not add another announcement of the same prediction."""
    name = make(1, age=timedelta(hours=25), queued=True)
    predictions.finish(name, Outcome(failure=Failure.GAVE_UP))
    table.predictions().get(name).update(actions=[table.PredictionItem.finished_at.set(now() - timedelta(minutes=3))])
    assert reconcile() == {Step.ANNOUNCE: 1}
    assert reconcile() == {}
    assert len(queues.receive("answers")) == 1


def test_answered_ones_are_left_alone(cloud: Cloud) -> None:
    name = make(1, age=timedelta(hours=25), queued=True)
    predictions.finish(name, Outcome())
    predictions.mark_replied(predictions.claim(name))
    assert reconcile() == {}


def test_one_at_a_time(cloud: Cloud) -> None:
    make(1, age=timedelta(minutes=2))
    assert leases.take("reconcile", timedelta(minutes=1))
    assert not leases.take("reconcile", timedelta(minutes=1))
    assert reconcile() == {}
    leases.give_back("reconcile")
    assert reconcile() == {Step.SEND: 1}


def test_a_lease_ends_by_itself(cloud: Cloud) -> None:
    assert leases.take("reconcile", timedelta(seconds=-1))
    assert leases.take("reconcile", timedelta(minutes=1))
