"""The domain: what a prediction is. Pure: no I/O, no clock, nothing but the standard library."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

RIGHT, WRONG = "right", "wrong"  # what a person may say of an answer


class Status(Enum):
    """How far a prediction has come. Whether the chat has its answer is `Prediction.replied_at`, not a status."""

    QUEUED = "QUEUED"  # stored, and waiting for a worker or being worked on
    DONE = "DONE"  # looked at: `detections` says what was found, perhaps nothing
    FAILED = "FAILED"  # will never be looked at: `failure` says why


class Failure(Enum):
    """Why a prediction FAILED. Each is final: trying the same again can't help."""

    EMPTY = "empty"  # no bytes at all
    NOT_A_PHOTO = "not a photo"  # no picture format we know
    FORMAT = "unsupported format"  # a picture, but of a kind we can't open (HEIC, SVG, …)
    DAMAGED = "damaged"  # begins like a picture and can't be decoded to its end
    TOO_LARGE = "too large"  # more pixels than a worker's memory allows for
    GAVE_UP = "gave up"  # every attempt ended a worker, or no attempt came in 24 hours
    NO_MODEL = "no such model"  # it was to be looked at by a model that the worker doesn't have


@dataclass(frozen=True, slots=True)
class Box:
    """Where a detection is, in 0-1 of the photo as a person sees it (EXIF orientation applied).

    x grows to the right and y downwards; (x1, y1) is the upper left corner.
    """

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Detection:
    """One object found: its label, the confidence in 0-1 and its box."""

    label: str
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One run of an operation on one photo. Times are aware and in UTC; None is 'not yet'."""

    prediction_id: str
    chat_id: int
    message_id: int
    photo_key: str
    received_at: datetime
    created_at: datetime
    run: int = 0
    operation: str = "detect"
    status: Status = Status.QUEUED
    queue: str | None = None
    attempts: int = 0
    given_back: int = 0
    worker: str | None = None
    model: str | None = None
    wanted_model: str | None = None  # the version that a further run was asked to be made with; None: whichever the worker serves
    width: int | None = None  # of the photo as a person sees it, in pixels
    height: int | None = None
    detections: tuple[Detection, ...] = ()
    failure: Failure | None = None
    annotated_key: str | None = None
    stored_at: datetime | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    detected_at: datetime | None = None
    saved_at: datetime | None = None
    finished_at: datetime | None = None
    announce_at: datetime | None = None  # when the next announcement is due, if the first wasn't taken
    replied_at: datetime | None = None
    undeliverable: str | None = None
    reopened_at: datetime | None = None  # when an operator last had the answer sent again
    verdict: str | None = None  # RIGHT or WRONG, once a person said so

    @property
    def is_finished(self) -> bool:
        return self.status is not Status.QUEUED

    @property
    def is_open(self) -> bool:
        """The chat still waits: not replied to, and not undeliverable."""
        return self.replied_at is None and self.undeliverable is None

    @property
    def seconds(self) -> float | None:
        """From the photo's arrival to its answer; of one that was sent again, from when that was asked for. None: not answered."""
        return (self.replied_at - (self.reopened_at or self.received_at)).total_seconds() if self.replied_at else None

    @property
    def failed_attempts(self) -> int:
        """Attempts that were started and neither finished nor gave the task back: those that may have killed a worker.

        The attempt that is running now counts as one.
        """
        return self.attempts - self.given_back


def prediction_id(chat_id: int, message_id: int, *, run: int = 0) -> str:
    """The id that belongs to a chat's message, so that whatever is delivered twice is the *same* prediction.

    >>> prediction_id(42, 7), prediction_id(-100123, 7, run=2)
    ('42-7', '-100123-7-2')
    """
    return f"{chat_id}-{message_id}" + (f"-{run}" if run else "")


def parts_of(name: str) -> tuple[int, int, int]:
    """The chat, the message and the run that make up a prediction's id. Raises ValueError for what is no such id.

    >>> parts_of("42-7"), parts_of("-100123-7-2")
    ((42, 7, 0), (-100123, 7, 2))
    """
    found = re.fullmatch(r"(-?\d+)-(\d+)(?:-(\d+))?", name, flags=re.ASCII)
    if found is None:
        raise ValueError(f"{name!r} is no prediction's id: it has a chat's id, a message's, and perhaps a run, as 42-7 or 42-7-1")
    return int(found[1]), int(found[2]), int(found[3] or 0)


def chat_of(name: str) -> int:
    """The chat that a prediction's id belongs to. Raises ValueError for what is no such id."""
    return parts_of(name)[0]
