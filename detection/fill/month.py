"""What became of each photo of a month, stage by stage, as the service would have written it. Pure, and the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from zlib import crc32

from detection.fill.coco import seen
from detection.fill.people import DAYS, NEWEST, Sent, a_chat, sent
from detection.photos import annotated_key, photo_key
from detection.prediction import RIGHT, WRONG, Failure, Prediction, Status, prediction_id

# Each with the age, in months, since when it looks at photos.
_MODELS = (("yolov5n-6f2a91c04d7e", 1.1), ("yolov5s-b83d5a17e920", 0.55), ("yolov5s-0c94e7d2f6a1", 0.2))
_WORKERS = [f"ip-10-0-{subnet}-{host}-{pid}" for subnet, host in ((1, 17), (1, 203), (2, 64)) for pid in (41, 42)]
_FAILURES = {
    Failure.NOT_A_PHOTO: 30, Failure.FORMAT: 25, Failure.DAMAGED: 20, Failure.GAVE_UP: 12, Failure.TOO_LARGE: 8, Failure.EMPTY: 5,
}  # fmt: skip
_UNDELIVERABLE = ("Forbidden: bot was blocked by the user", "Chat not found", "Forbidden: bot was kicked from the group chat")
_FAILED, _NOT_DELIVERED, _SLOW, _RUN_AGAIN, _JUDGED = 0.04, 0.012, 0.04, 0.02, 0.03  # shares
_SIZES = ((960, 720), (720, 960), (800, 800))
_IN_BULK = 3  # photos of an album before its chat has so many open ones that the next go to photos-bulk
_GIVEN_UP_AFTER = 4  # attempts: three ended a worker each
_MONTH = timedelta(days=DAYS)


def month(count: int, *, seed: int, until: datetime) -> list[Prediction]:
    """So many predictions (1 or more) of the month before `until`, in the order in which they were made."""
    chance = random.Random(seed)  # noqa: S311 - made up, and to be made up again
    again = int(count * _RUN_AGAIN)
    waiting = min(count, 3 + count // 2000)
    photos = sent(count - again, waiting=waiting, chance=chance, until=until)
    firsts = [_received(photo, chance) for photo in photos]
    done = [_worked(one, chance, until=until, place=photo.place) for one, photo in zip(firsts[:-waiting], photos, strict=False)]
    further = [_further(one, chance, until=until) for one in chance.sample(done, min(again, len(done)))]
    open_ones = [_waiting(one, number, chance, until=until) for number, one in enumerate(firsts[-waiting:])]
    return sorted([*done, *further, *open_ones], key=lambda one: (one.created_at, one.prediction_id))


def heaviest_chat(seed: int) -> int:
    """The chat that sends most of any month of this seed, and that one of the newest photos is of."""
    return a_chat(random.Random(seed))  # noqa: S311


def size_of(key: str) -> tuple[int, int]:
    """The width and height of the photo under this key."""
    return _SIZES[crc32(key.encode()) % len(_SIZES)]


def _received(photo: Sent, chance: random.Random) -> Prediction:
    """Stored and sent to a queue."""
    name = prediction_id(photo.chat_id, photo.message_id)
    stored_at = photo.at + _seconds(chance.uniform(0.04, 0.3))
    created_at = stored_at + _seconds(chance.uniform(0.004, 0.02))
    return Prediction(
        prediction_id=name,
        chat_id=photo.chat_id,
        message_id=photo.message_id,
        photo_key=photo_key(photo.chat_id, name),
        received_at=photo.at,
        stored_at=stored_at,
        created_at=created_at,
        queued_at=created_at + _seconds(chance.uniform(0.005, 0.04)),
        queue="photos-bulk" if photo.place >= _IN_BULK else "photos",
    )


def _worked(one: Prediction, chance: random.Random, *, until: datetime, place: int = 0) -> Prediction:
    """Looked at and answered, or what else came of it."""
    wait = chance.lognormvariate(-1.5, 0.7) + 0.5 * place + (chance.expovariate(1 / 20) if chance.random() < _SLOW else 0)
    started = _started(one, chance, wait=min(wait, NEWEST.total_seconds() / 4))
    finished = _failed(started, chance) if chance.random() < _FAILED else _done(started, chance, until=until)
    if chance.random() < _NOT_DELIVERED:
        return replace(finished, undeliverable=chance.choice(_UNDELIVERABLE))
    if finished.status is Status.DONE and chance.random() < _JUDGED:
        finished = replace(finished, verdict=chance.choice([RIGHT, RIGHT, WRONG]))
    answering = chance.lognormvariate(-0.9, 0.4) + (chance.expovariate(1 / 15) if chance.random() < _SLOW / 2 else 0)
    return replace(finished, replied_at=_finish_of(finished) + _seconds(min(answering, NEWEST.total_seconds() / 4)))


def _started(one: Prediction, chance: random.Random, *, wait: float) -> Prediction:
    queued_at = one.queued_at or one.created_at
    return replace(one, attempts=1, worker=chance.choice(_WORKERS), started_at=queued_at + _seconds(wait))


def _done(one: Prediction, chance: random.Random, *, until: datetime) -> Prediction:
    detected_at = (one.started_at or one.created_at) + _seconds(chance.lognormvariate(-1.1, 0.35))
    saved_at = detected_at + _seconds(chance.uniform(0.03, 0.15))
    width, height = size_of(one.photo_key)
    return replace(
        one,
        status=Status.DONE,
        width=width,
        height=height,
        model=one.wanted_model or _model((until - one.created_at) / _MONTH),
        detections=seen(chance),
        annotated_key=annotated_key(one),
        detected_at=detected_at,
        saved_at=saved_at,
        finished_at=saved_at + _seconds(chance.uniform(0.01, 0.04)),
    )


def _failed(one: Prediction, chance: random.Random) -> Prediction:
    (failure,) = chance.choices(list(_FAILURES), list(_FAILURES.values()))
    started_at = one.started_at or one.created_at
    if failure is Failure.GAVE_UP:
        started_at += _seconds(chance.uniform(60, 100))
        finished_at = started_at + _seconds(0.01)
        one = replace(one, attempts=_GIVEN_UP_AFTER, started_at=started_at)
    else:
        finished_at = started_at + _seconds(chance.uniform(0.03, 0.2))
        one = replace(one, detected_at=finished_at - _seconds(0.01))
    return replace(one, status=Status.FAILED, failure=failure, finished_at=finished_at)


def _further(first: Prediction, chance: random.Random, *, until: datetime) -> Prediction:
    """A run of the same photo that an operator asked for later, as detection.reruns makes it."""
    latest = until - 2 * NEWEST
    at = first.created_at + min(_seconds(chance.uniform(600, 200_000)), max(latest - first.created_at, timedelta(0)) * chance.random())
    name = prediction_id(first.chat_id, first.message_id, run=1)
    run = Prediction(
        prediction_id=name,
        chat_id=first.chat_id,
        message_id=first.message_id,
        run=1,
        photo_key=first.photo_key,
        stored_at=first.stored_at,
        received_at=at,
        created_at=at,
        wanted_model=chance.choice([None, _MODELS[-1][0]]),
        queued_at=at + _seconds(0.02),
        queue="photos",
    )
    return _worked(run, chance, until=until)


def _waiting(one: Prediction, number: int, chance: random.Random, *, until: datetime) -> Prediction:
    """Open: not yet begun, being looked at, or finished and waiting for a Telegram that is away."""
    if number % 3 == 0:
        return one
    started = _started(one, chance, wait=0.3)
    if number % 3 == 1:
        return started
    return replace(_done(started, chance, until=until), announce_at=until + _seconds(chance.uniform(30, 240)))


def _model(age: float) -> str:
    """The newest that there was then."""
    return [name for name, since in _MODELS if age <= since][-1]


def _finish_of(one: Prediction) -> datetime:
    return one.finished_at or one.created_at


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
