"""What taskqueue's command line and registry are told of us. Named by the Celery settings `taskqueue_oldest` and `taskqueue_versions`."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path

from detection import config, table
from detection.aws import translated
from detection.celery import PHOTOS, PHOTOS_BULK
from detection.clock import now
from detection.items import OPEN_SHARDS
from detection.prediction import Status
from detection.served import FURTHER, MODEL
from detection.table import PredictionItem


def oldest() -> dict[str, datetime | None]:
    """Since when the oldest prediction of each queue of photos waits to be finished; None: none does.

    SQS tells nobody the age of a message, and CloudWatch a minute later; the index of open predictions knows at once.
    """
    return {
        queue: min(filter(None, (_oldest(queue, shard) for shard in range(OPEN_SHARDS))), default=None) for queue in (PHOTOS, PHOTOS_BULK)
    }


def versions() -> dict[str, str]:
    """For a worker: ours, its model's, and those of its further models, if it has any. Raises ModelError where a bundle is none."""
    from detection.model.bundle import load  # noqa: PLC0415  # the command line runs where no model is
    from detection.model.further import folders  # noqa: PLC0415  # as above

    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    further = {FURTHER: ",".join(folders())} if folders() else {}
    return {"app": project["version"], MODEL: load(config.worker().detection_model).version, **further}


def _oldest(queue: str, shard: int) -> datetime | None:
    """In one shard of the index, which has them by their creation; they are queued in that order but for a moment."""
    table.predictions()
    waiting = (PredictionItem.status == Status.QUEUED.value) & (PredictionItem.queue == queue)
    with translated("reading the index of open predictions"):
        found = PredictionItem.open_ones.query(shard, PredictionItem.created_at < now(), filter_condition=waiting, limit=1)
        return next((item.queued_at for item in found), None)
