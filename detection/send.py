"""Tasks into their queues. A message carries an id and nothing else."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from kombu.exceptions import OperationalError

from detection import config, predictions
from detection.celery import ANNOUNCE, ANSWERS, DETECT, PHOTOS, PHOTOS_BULK, app
from detection.clock import now
from detection.errors import Unavailable
from detection.prediction import Prediction
from taskqueue.delays import MAX_DELAY_SECONDS

log = logging.getLogger(__name__)


def send_detection(prediction: Prediction) -> None:
    """Send a prediction to a worker, then note when. Raises Unavailable; sending again what was sent is harmless."""
    at = now()
    queue = choose_queue(prediction)
    send(DETECT, prediction.prediction_id, queue=queue, chat_id=prediction.chat_id)
    log.info("%s sent to %s", prediction.prediction_id, queue)
    predictions.mark_queued(prediction.prediction_id, queue=queue, at=at, seen=prediction.queued_at)
    log.info("%s queued", prediction.prediction_id)


def send_announcement(prediction_id: str, *, delay: int = 0) -> None:
    """Have a finished prediction announced after this many seconds. Raises Unavailable."""
    send(ANNOUNCE, prediction_id, queue=ANSWERS, delay=delay)
    # Without this note `reconcile` would add another announcement each minute for as long as Telegram is away.
    predictions.mark_announced(prediction_id, due=now() + timedelta(seconds=delay))


def choose_queue(prediction: Prediction) -> str:
    """`photos`, or `photos-bulk` for a chat that already has several open predictions."""
    threshold = config.shared().bulk_threshold
    newest = predictions.of_chat(prediction.chat_id, limit=threshold * 4)
    waiting = [one for one in newest if one.is_open and one.prediction_id != prediction.prediction_id]
    return PHOTOS_BULK if len(waiting) >= threshold else PHOTOS


def send(task: str, *arguments: str, queue: str, delay: int = 0, chat_id: int | None = None) -> None:
    """Send a task by its name. Raises Unavailable, or ValueError for a delay that SQS can't hold.

    Of chats that wait in one queue, SQS itself keeps the one that sends most from holding up the rest: by `chat_id`, its message group.
    """
    if not 0 <= delay <= MAX_DELAY_SECONDS:
        raise ValueError(f"a delay of {delay} s: SQS holds a message for 0 to {MAX_DELAY_SECONDS} s")
    properties: dict[str, Any] = {"DelaySeconds": delay} if delay else {}
    if chat_id is not None:
        properties["MessageGroupId"] = str(chat_id)
    try:
        app.send_task(task, args=arguments, queue=queue, **properties)
    # kombu lets botocore's errors through as they are; OperationalError is its own word for the rest
    except (BotoCoreError, ClientError, OperationalError, OSError) as error:
        raise Unavailable(f"{type(error).__name__} while sending {task} to {queue}") from error
