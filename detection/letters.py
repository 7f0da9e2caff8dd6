"""What redriving a dead letter means here. Named by the Celery setting `taskqueue_redrive`."""

from __future__ import annotations

import logging
from collections.abc import Callable

from detection import predictions
from detection.celery import ANNOUNCE, DETECT, RECONCILE
from detection.prediction import Status
from detection.reruns import run_again
from detection.send import send_detection
from taskqueue.dead_letters import DeadLetter

log = logging.getLogger(__name__)


class NotOurs(Exception):
    """No task of ours can be read in the letter: it stays, for a person to look at."""


def redrive(letter: DeadLetter, send_again: Callable[[], None]) -> str:
    """A photo gets a new run, an announcement is sent again, `reconcile` is dropped: the next minute has its own.

    Safe to repeat. Raises NotOurs, or Unavailable; the letter stays then.
    """
    if letter.task == DETECT and letter.arguments:
        return _detect_again(str(letter.arguments[0]))
    if letter.task == ANNOUNCE:
        send_again()
        return "announced again"
    if letter.task == RECONCILE:
        return "dropped: the next minute has its own"
    raise NotOurs(letter.reason)


def _detect_again(prediction_id: str) -> str:
    prediction = predictions.get(prediction_id)
    if prediction is None:
        return f"dropped: {prediction_id} is erased or expired"
    if prediction.status is Status.DONE:
        return f"dropped: {prediction_id} is done"
    again = run_again(prediction)
    if again is None:
        return f"dropped: {prediction_id} is erased"
    # The closed one may have been finished at this very moment: then its answer is on its way, and no other is wanted.
    if again.queued_at is None and not again.is_finished:
        send_detection(again)
    log.info("%s run again as %s", prediction_id, again.prediction_id)
    return f"run again as {again.prediction_id}"
