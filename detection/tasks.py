"""The tasks that a worker runs, and what each of its processes sets up first. Only workers import this."""

from __future__ import annotations

import logging
import os
import socket
import sys
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
from celery.signals import setup_logging, worker_init, worker_process_init

from detection import aws, config, photos, pipeline, predictions
from detection import reconcile as reconciling
from detection.announce import announce as announce_now
from detection.celery import ANNOUNCE, DETECT, RECONCILE, app
from detection.errors import Unavailable
from detection.model import further
from detection.model.bundle import load as load_bundle
from detection.model.detector import Detector, load_detector
from detection.model.errors import ModelError
from taskqueue.drain import given_back
from taskqueue.poison import Letter, poisoned

log = logging.getLogger(__name__)


@app.task(name=DETECT)
def detect_objects(prediction_id: str) -> None:
    """Look at a photo, and have the chat told."""
    pipeline.process(prediction_id, detector(), worker=f"{socket.gethostname()}-{os.getpid()}", further=further_detector)


@app.task(name=ANNOUNCE)
def announce(prediction_id: str) -> None:
    """Tell the site of a finished prediction, once more."""
    announce_now(prediction_id)


@app.task(name=RECONCILE)
def reconcile() -> None:
    """Let go on what fell between two steps."""
    reconciling.reconcile()


@poisoned.connect
def _give_up(letter: Letter, **_: Any) -> None:
    """A photo's task is poison: the chat is told so, instead of waiting for an answer that nobody works on any more."""
    log.error("a letter for the dead: %s in %s, %s", letter.task or "no task", letter.queue, letter.reason)
    if letter.task == DETECT and letter.arguments:
        pipeline.give_up(str(letter.arguments[0]))


@given_back.connect
def _not_an_attempt(request: Any, **_: Any) -> None:
    """The worker had to end before its photo was finished."""
    if request.name == DETECT:
        with suppress(Unavailable):  # it counts as an attempt then, of which there are several
            predictions.give_back(str(request.args[0]))


@cache
def detector() -> Detector:
    """This process's detector. Never called before the fork: a model that ran in the parent hangs its children."""
    settings = config.worker()
    return load_detector(settings.detection_model, settings.detection_backend, threads=settings.detection_threads)


@cache
def further_detector(version: str) -> Detector | None:
    """This process's detector of a further model, loaded when it is first asked for; None: it has no such model, or can't load it."""
    settings = config.worker()
    try:
        folder = further.folders().get(version)
        return load_detector(folder, settings.detection_backend, threads=settings.detection_threads) if folder else None
    except ModelError:
        log.exception("the further model %s can't be served", version)
        return None


@setup_logging.connect
def _log_to_stdout(**_: Any) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S", stream=sys.stdout)
    # Celery's own line for each task says nothing that ours don't, and begins with an id that is not a prediction's.
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)
    logging.getLogger("celery.app.trace").setLevel(logging.WARNING)
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells each client's making


@worker_init.connect
def _check_bundle(**_: Any) -> None:
    """Refuse to start without its model bundles; in one line, not in a traceback."""
    try:
        load_bundle(config.worker().detection_model)
        further.folders()
    except ModelError as error:
        # Celery swallows what a signal's receiver raises, but for this.
        raise SystemExit(f"worker not started: {error}") from None


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    """Pay once, before the first photo, for what a process pays the first time: clients, sessions and the model's buffers."""
    aws.forget()  # connections must not be shared with the parent or a sibling
    detector().detect(np.zeros((480, 640, 3), np.uint8))
    aws.warm_up()
    with suppress(Unavailable):  # a task that finds AWS out of reach says so better
        predictions.get("warm-up")
        photos.exists("warm-up")
