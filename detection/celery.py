"""The Celery app: the tasks by name, and their queues. The site sends by name and never imports the tasks."""

from __future__ import annotations

import sys
from typing import Any

from celery import Celery

from detection import config
from taskqueue.config import celery_settings
from taskqueue.operating import operating_settings

DETECT = "detection.tasks.detect_objects"
ANNOUNCE = "detection.tasks.announce"
RECONCILE = "detection.tasks.reconcile"

PHOTOS, PHOTOS_BULK, ANSWERS = "photos", "photos-bulk", "answers"


def _settings() -> dict[str, Any]:
    if "worker" in sys.argv:
        _refuse_mistakes()
    shared = config.shared()
    about = operating_settings(
        registry_table=shared.workers_table,
        metrics_namespace=shared.metrics_namespace,
        versions="detection.overview:versions",
        oldest="detection.overview:oldest",
        redrive="detection.letters:redrive",
    )
    return celery_settings(shared.queue_urls) | about | {"task_default_queue": ANSWERS}


def _refuse_mistakes() -> None:
    """End `celery worker` in a few lines where its environment is wrong. Celery asks for settings before it tells anyone of its start."""
    try:
        config.worker()
    except config.ConfigError as error:
        raise SystemExit(f"worker not started: {error}") from None


# Named, so that Celery doesn't name it after whatever was started; `include` is read by workers only.
app = Celery("detection", include=["detection.tasks"], set_as_current=False)
app.add_defaults(_settings)  # a function: called at the first use, so that importing reads no environment
