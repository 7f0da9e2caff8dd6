"""The worker's story: from a prediction's id to its announcement. Safe to run twice, and at the same time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from detection import config, photos, predictions
from detection.annotate import annotate
from detection.announce import announce
from detection.clock import now
from detection.decode import decode_sized
from detection.errors import PhotoMissing, PhotoUnreadable, Unavailable
from detection.model.detector import Detector
from detection.prediction import Failure, Prediction
from detection.predictions import Outcome
from detection.send import send_announcement

log = logging.getLogger(__name__)


Further = Callable[[str], Detector | None]  # the detector of a model's version, where the worker has it


def process(prediction_id: str, detector: Detector, *, worker: str, further: Further = lambda _: None) -> None:
    """Start (which counts the attempt), load, detect, draw, save, finish, announce.

    `detector` looks at every photo but those of predictions that want another model: these are for `further`'s. One that the worker
    does not have ends the prediction FAILED.
    A photo that can't be looked at ends FAILED and announced, and so does one whose attempts all ended a worker. Raises
    Unavailable where something outside didn't do its part: the attempt is given back, and the task must run again.
    """
    prediction = predictions.start(prediction_id, worker=worker)
    if prediction is None:
        # What an earlier attempt put, and was killed before it could remove.
        photos.delete(photos.folder(prediction_id))
        log.info("%s dropped: there is no such prediction (erased?)", prediction_id)
        return
    if not prediction.is_finished:
        log.info("%s started: attempt %d on %s", prediction_id, prediction.attempts, worker)
        if not _settle(prediction, detector, further):
            return
    announce(prediction_id)


def give_up(prediction_id: str) -> None:
    """End a prediction whose task nobody can run any more, and have it announced. Raises Unavailable; doing it twice is harmless."""
    stored = predictions.finish(prediction_id, Outcome(failure=Failure.GAVE_UP))
    if stored is None:
        log.info("%s dropped: there is no such prediction (erased?)", prediction_id)
    elif stored.is_open:
        log.warning("%s given up: its task is in the dead-letter queue", prediction_id)
        send_announcement(prediction_id)


def _settle(prediction: Prediction, detector: Detector, further: Further) -> bool:
    """Bring a prediction to its end. False: it was erased meanwhile, and so was what this attempt had put."""
    try:
        outcome = _outcome(prediction, detector, further)
        stored = predictions.finish(prediction.prediction_id, outcome, started=prediction)
    except Unavailable:
        predictions.give_back(prediction.prediction_id)
        raise
    if outcome.annotated_key and (stored is None or stored.annotated_key != outcome.annotated_key):
        photos.delete(outcome.annotated_key)
    if stored is None:
        log.info("%s dropped: it was erased while it was looked at", prediction.prediction_id)
        return False
    log.info("%s finished: %s", prediction.prediction_id, _summary(stored))
    return True


def _outcome(prediction: Prediction, detector: Detector, further: Further) -> Outcome:
    if prediction.failed_attempts > config.worker().max_attempts:
        return Outcome(failure=Failure.GAVE_UP)
    # After the check above, since to load a model can end a worker too.
    wanted = prediction.wanted_model
    chosen = detector if wanted in {None, detector.model} else further(str(wanted))
    if chosen is None:
        log.error("%s refused: this worker has no model %s; FURTHER_MODELS names those it has", prediction.prediction_id, wanted)
        return Outcome(failure=Failure.NO_MODEL)
    try:
        return _look(prediction, chosen)
    except PhotoUnreadable as unreadable:
        log.info("%s refused: %s", prediction.prediction_id, unreadable)
        return Outcome(failure=unreadable.failure, detected_at=now())
    except PhotoMissing as missing:
        log.warning("%s refused: %s", prediction.prediction_id, missing)
        return Outcome(failure=Failure.GAVE_UP)


def _look(prediction: Prediction, detector: Detector) -> Outcome:
    data = photos.get(prediction.photo_key)
    log.info("%s loaded: %d bytes", prediction.prediction_id, len(data))
    photo, size = decode_sized(data, max_pixels=config.worker().max_pixels)
    detections = detector.detect(photo)
    detected_at: datetime = now()
    log.info("%s detected: %d", prediction.prediction_id, len(detections))
    key = photos.annotated_key(prediction)
    photos.put(key, annotate(photo, detections), content_type="image/jpeg")
    log.info("%s saved", prediction.prediction_id)
    return Outcome(model=detector.model, size=size, detections=detections, annotated_key=key, detected_at=detected_at, saved_at=now())


def _summary(prediction: Prediction) -> str:
    if prediction.failure:
        return f"{prediction.status.value}, {prediction.failure.value}"
    return f"{prediction.status.value}, {len(prediction.detections)} detections"
