"""What redriving a dead letter means here. Named by the Celery setting `taskqueue_redrive`."""

from __future__ import annotations

import logging
from collections.abc import Callable

from detection import predictions
from detection.celery import ANNOUNCE, DETECT, RECONCILE
from detection.prediction import Status
from detection.reruns import start_again
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
    again = start_again(prediction)
    if again is None:
        return f"dropped: {prediction_id} is erased"
    log.info("%s run again as %s", prediction_id, again.prediction.prediction_id)
    return f"run again as {again.prediction.prediction_id}"
