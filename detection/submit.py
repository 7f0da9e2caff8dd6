"""The front door for the site: a photo goes in, a prediction is on its way."""

from __future__ import annotations

import logging
from datetime import datetime

from detection import chats, photos, predictions
from detection.clock import now
from detection.prediction import Prediction, prediction_id
from detection.send import send_detection

log = logging.getLogger(__name__)


def submit_photo(photo: bytes, *, chat_id: int, message_id: int, received_at: datetime) -> Prediction | None:
    """Store the photo, then the prediction, then send it to a worker: S3, table, queue, each safe to repeat.

    Called again for the same message it returns the prediction that is there, and sends it only if that never happened.
    Returns None where the prediction was erased, or the chat is blocked: nothing is kept of the photo. Raises Unavailable:
    call again later.
    """
    name = prediction_id(chat_id, message_id)
    if chats.blocked_since(chat_id):
        log.info("%s dropped: its chat is blocked", name)
        return None
    key = photos.photo_key(chat_id, name)
    # The bytes decide what it is, later and in a worker; nothing that a sender claims about them is passed on.
    photos.put(key, photo, content_type="application/octet-stream")
    stored_at = now()
    log.info("%s stored: %d bytes", name, len(photo))
    prediction = predictions.create(
        Prediction(
            prediction_id=name,
            chat_id=chat_id,
            message_id=message_id,
            photo_key=key,
            received_at=received_at,
            stored_at=stored_at,
            created_at=now(),
        )
    )
    if prediction is None:
        photos.delete(key)
        log.info("%s dropped: it was erased", name)
        return None
    log.info("%s created", name)
    if prediction.queued_at is None and not prediction.is_finished:
        send_detection(prediction)
    return prediction
