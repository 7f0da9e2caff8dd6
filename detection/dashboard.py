"""How the service is, in figures: now, and over the last hour, day or week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from detection import aws, config, hours
from detection.celery import app
from detection.clock import now
from detection.hours import Hour, Percentiles
from taskqueue import queues
from taskqueue.pauses import Pauses
from taskqueue.queues import Queue
from taskqueue.registry import Registry, Worker

# How many hours before the one that runs. Counters are hourly, so the last hour is the one that runs and the one before it.
RANGES: Mapping[str, int] = {"hour": 1, "day": 24, "week": 168}

STAGES: Mapping[str, str] = {
    "storing": "received → stored in S3",
    "waiting": "queued → started by a worker",
    "detecting": "started → detected",
    "saving": "detected → annotated photo stored",
    "answering": "finished → replied",
    "latency": "received → replied: all of it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What was counted since this time. An answer is counted in the hour that it was given in, its photo in the hour that it came in."""

    since: datetime
    until: datetime
    hours: Sequence[Hour]
    photos: int
    done: int
    failed: int
    replied: int
    undeliverable: int
    perhaps_twice: int  # answers that may have gone out twice
    stages: Mapping[str, Percentiles]
    failures: Sequence[tuple[str, int]]
    classes: Sequence[tuple[str, int]]  # detections, not photos
    models: Sequence[tuple[str, int]]

    @property
    def photos_a_day(self) -> float:
        return self.photos * 86_400 / (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True)
class Present:
    """Queues and workers at this moment; SQS calls its own counts approximate."""

    at: datetime
    queues: Sequence[Queue]
    workers: Sequence[Worker]

    @property
    def dead(self) -> int:
        return sum(queue.dead or 0 for queue in self.queues)


def period(name: str) -> Period:
    """One of RANGES up to now. Raises Unavailable, and KeyError for another name.

    It reads (hours + 1) * 8 items in batches of a hundred: 1, 2 or 14 requests, and one request where this process has read ended hours
    before.
    """
    until = now()
    found = hours.read(RANGES[name], until=until)
    sums = hours.summed(found)
    return Period(
        since=found[0].at,
        until=until,
        hours=found,
        photos=sums.get("photos", 0),
        done=sums.get("done", 0),
        failed=sums.get("failed", 0),
        replied=sums.get("replied", 0),
        undeliverable=sums.get("undeliverable", 0),
        perhaps_twice=sum(sums.get(name, 0) for name in ("unheard", "unrecorded", "repeated")),
        stages={stage: hours.percentiles(sums, stage) for stage in STAGES},
        failures=hours.by_name(sums, "failure"),
        classes=hours.by_name(sums, "class"),
        models=hours.by_name(sums, "model"),
    )


def present() -> Present:
    """Raises Unavailable."""
    with aws.translated("looking at the queues and the workers"):
        at = now()
        return Present(at, queues.look(app, aws.sqs(), paused=pauses().all()), registry().workers(at))


def registry() -> Registry:
    """What workers say of themselves."""
    return Registry(aws.dynamodb().client, config.shared().workers_table)  # type: ignore[arg-type]  # botocore's, under PynamoDB's name


def pauses() -> Pauses:
    """Which queues are paused."""
    return Pauses(aws.dynamodb().client, config.shared().workers_table)  # type: ignore[arg-type]  # as above
