"""What fell between two steps goes on: run each minute, by one process at a time.

A process can die after any step, and a message can be lost to its retention or its dead-letter queue. The index of open
predictions remembers, so each minute whatever has waited longer than it should is sent, announced or given up.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from enum import Enum

from detection import leases, predictions
from detection.clock import now
from detection.errors import Unavailable
from detection.items import OpenPrediction
from detection.prediction import Failure, Prediction, Status
from detection.predictions import Outcome
from detection.send import send_announcement, send_detection

log = logging.getLogger(__name__)

UNSENT = timedelta(seconds=60)  # without `queued_at`: submit_photo never got that far
UNSEEN = timedelta(hours=1)  # queued and not finished: the message may be gone, or the backlog is long
UNANSWERED = timedelta(minutes=2)  # finished, or its next announcement due, for so long, and still open
HOPELESS = timedelta(hours=24)  # Telegram and SQS have given up by then, and so do we
LEASE = timedelta(seconds=50)


class Step(Enum):
    """What an open prediction needs."""

    SEND = "send"
    SEND_AGAIN = "send again"
    ANNOUNCE = "announce"
    GIVE_UP = "give up"


def due(one: OpenPrediction, at: datetime) -> Step | None:
    """What this open prediction needs at this time; None: nothing but patience. Pure."""
    if one.status is not Status.QUEUED:
        last = max(filter(None, (one.finished_at, one.announce_at)), default=one.created_at)
        return Step.ANNOUNCE if at - last > UNANSWERED else None
    if at - one.created_at > HOPELESS:
        return Step.GIVE_UP
    if one.queued_at is None:
        return Step.SEND if at - one.created_at > UNSENT else None
    return Step.SEND_AGAIN if at - one.queued_at > UNSEEN else None


def reconcile() -> Counter[Step]:
    """Do for each open prediction what is due; returns how often each step was taken. One that fails doesn't stop the others."""
    if not leases.take("reconcile", LEASE):
        log.info("reconcile skipped: another one is at it")
        return Counter()
    taken: Counter[Step] = Counter()
    started_at = now()
    for one in predictions.open_before(started_at - UNSENT):
        if now() - started_at > LEASE - timedelta(seconds=10):
            log.warning("reconcile stopped: its lease ends; the rest is for the next minute")
            break
        step = due(one, started_at)
        if step and _take(step, one.prediction_id):
            taken[step] += 1
    leases.give_back("reconcile")
    log.info("reconcile done: %s", ", ".join(f"{step.value} {count}" for step, count in taken.items()) or "nothing to do")
    return taken


def _take(step: Step, prediction_id: str) -> bool:
    # The index is read eventually: what is done follows the item as it is, not as the index remembers it.
    try:
        prediction = predictions.get(prediction_id)
        if prediction is None or not prediction.is_open:
            return False
        _do(step, prediction)
    except Unavailable as error:
        log.warning("%s not reconciled (%s): %s", prediction_id, step.value, error)
        return False
    log.info("%s reconciled: %s", prediction_id, step.value)
    return True


def _do(step: Step, prediction: Prediction) -> None:
    if step is Step.ANNOUNCE or prediction.is_finished:
        send_announcement(prediction.prediction_id)
    elif step is Step.GIVE_UP:
        predictions.finish(prediction.prediction_id, Outcome(failure=Failure.GAVE_UP))
        send_announcement(prediction.prediction_id)
    else:
        send_detection(prediction)
