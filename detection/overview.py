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

MOST_READ = 200  # of the oldest open predictions in each shard of their index


def oldest() -> dict[str, datetime | None]:
    """Since when the oldest prediction of each queue of photos waits to be finished; None: none does.

    SQS tells nobody the age of a message, and CloudWatch a minute later; the index of open predictions knows at once. It is asked for
    the first of each shard alone, whatever the backlog: a queue that none of them is in is left out, since nobody knows.
    """
    shards = [_first(shard) for shard in range(OPEN_SHARDS)]
    told: dict[str, datetime | None] = {}
    for queue in (PHOTOS, PHOTOS_BULK):
        found = [next((at for name, at in waiting if name == queue), None) for waiting, _ in shards]
        if all(at or is_all for at, (_, is_all) in zip(found, shards, strict=True)):
            told[queue] = min(filter(None, found), default=None)
    return told


def versions() -> dict[str, str]:
    """For a worker: ours, its model's, and those of its further models, if it has any. Raises ModelError where a bundle is none."""
    from detection.model.bundle import load  # noqa: PLC0415  # the command line runs where no model is
    from detection.model.further import folders  # noqa: PLC0415  # as above

    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    further = {FURTHER: ",".join(folders())} if folders() else {}
    return {"app": project["version"], MODEL: load(config.worker().detection_model).version, **further}


def _first(shard: int) -> tuple[list[tuple[str, datetime]], bool]:
    """Queues and times of those that wait, by their creation (they are queued in that order but for a moment); and whether that is all."""
    table.predictions()
    with translated("reading the index of open predictions"):
        found = list(PredictionItem.open_ones.query(shard, PredictionItem.created_at < now(), limit=MOST_READ, page_size=MOST_READ))
    waiting = [(str(item.queue), item.queued_at) for item in found if item.status == Status.QUEUED.value and item.queued_at]
    return waiting, len(found) < MOST_READ
