"""How full the queues are, and how old the oldest message in each is, without touching a message."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from celery import Celery

from taskqueue import operating
from taskqueue.pauses import Pause
from taskqueue.poison import dead_letter_url

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue at one moment. SQS calls its own counts approximate: they follow within a minute where much happens."""

    name: str
    url: str
    depth: int  # waiting to be received
    in_flight: int  # received, and held by a worker
    delayed: int  # sent, and not to be received yet
    dead_url: str | None  # its dead-letter queue's; None: it has none
    dead: int | None  # letters in it
    oldest_seconds: float | None = None  # since when the oldest waits; None: not known, see `oldest_from`
    oldest_from: str = ""  # who said so: "application" or "CloudWatch"
    paused: Pause | None = None  # None: workers read it


def urls(app: Celery) -> dict[str, str]:
    """The app's queues: name → URL, in their order, as `broker_transport_options` predefines them."""
    predefined = app.conf.broker_transport_options.get("predefined_queues", {})
    return {name: str(queue["url"]) for name, queue in predefined.items()}


def look(app: Celery, sqs: SQSClient, cloudwatch: Any = None, *, paused: Mapping[str, Pause] | None = None) -> list[Queue]:
    """The app's queues as they are. With a client of CloudWatch, it is asked for ages that the application doesn't tell.

    `paused` is the registry's word on which are (`Pauses.all`).
    """
    known = urls(app)
    with ThreadPoolExecutor(max_workers=8) as threads:
        found = list(threads.map(lambda name: _look(sqs, name, known[name], (paused or {}).get(name)), known))
    told = told_by_application(app)
    asked = told_by_cloudwatch(cloudwatch, [queue for queue in found if queue.name not in told]) if cloudwatch else {}
    return [with_age(queue, told, asked) for queue in found]


def with_age(queue: Queue, told: Mapping[str, float | None], asked: Mapping[str, float]) -> Queue:
    """`told` is the application's word (None: nothing waits), which goes first, `asked` is CloudWatch's."""
    if queue.name in told:
        return _aged(queue, told[queue.name], "application")
    if queue.name in asked:
        return _aged(queue, asked[queue.name], "CloudWatch")
    # Nothing is there, so nothing is old; CloudWatch would say so a minute later.
    return _aged(queue, None if queue.depth or queue.in_flight else 0.0, "")


def told_by_application(app: Celery) -> dict[str, float | None]:
    """Seconds by queue. An application that can't tell just now tells nothing."""
    oldest = operating.hook(app, operating.OLDEST)
    if oldest is None:
        return {}
    try:
        since: Mapping[str, datetime | None] = oldest()
    except Exception as error:  # noqa: BLE001  # the application's own; its queues are shown all the same
        log.warning("the application did not tell the age of its messages: %s", error)
        return {}
    now = datetime.now(UTC)
    return {name: max(0.0, (now - at).total_seconds()) if at else 0.0 for name, at in since.items()}


def told_by_cloudwatch(cloudwatch: Any, queues: Sequence[Queue]) -> dict[str, float]:
    """ApproximateAgeOfOldestMessage of the last minutes, in one request; a minute or two late by nature."""
    if not queues:
        return {}
    now = datetime.now(UTC)
    queries = [_age_query(number, queue) for number, queue in enumerate(queues)]
    try:
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=now - timedelta(minutes=10), EndTime=now, ScanBy="TimestampDescending"
        )
    except Exception as error:  # noqa: BLE001  # no permission, no CloudWatch here, no network: unknown, then
        log.info("CloudWatch did not tell the age of messages: %s", error)
        return {}
    return {queues[int(result["Id"][1:])].name: float(result["Values"][0]) for result in answer["MetricDataResults"] if result["Values"]}


def _age_query(number: int, queue: Queue) -> dict[str, Any]:
    dimension = {"Name": "QueueName", "Value": queue.url.rsplit("/", 1)[-1]}
    metric = {"Namespace": "AWS/SQS", "MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": [dimension]}
    return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}


def _look(sqs: SQSClient, name: str, url: str, paused: Pause | None) -> Queue:
    depth, in_flight, delayed = counts(sqs, url)
    dead_url = dead_letter_url(sqs, url)
    dead = sum(counts(sqs, dead_url)) if dead_url else None
    return Queue(name=name, url=url, depth=depth, in_flight=in_flight, delayed=delayed, dead_url=dead_url, dead=dead, paused=paused)


def dead_urls(sqs: SQSClient, known: Mapping[str, str]) -> dict[str, str]:
    """Queue name → URL of its dead-letter queue, for those that have one; one that several queues share is named with the first."""
    found: dict[str, str] = {}
    for name, url in known.items():
        dead_url = dead_letter_url(sqs, url)
        if dead_url and dead_url not in found.values():
            found[name] = dead_url
    return found


def counts(sqs: SQSClient, url: str) -> tuple[int, int, int]:
    """Waiting, in flight, delayed."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
    found: Any = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names)).get("Attributes", {})  # type: ignore[arg-type]
    waiting, in_flight, delayed = (int(found.get(name, 0)) for name in names)
    return waiting, in_flight, delayed


def _aged(queue: Queue, seconds: float | None, who: str) -> Queue:
    return Queue(**{**vars(queue), "oldest_seconds": seconds, "oldest_from": who if seconds is not None else ""})
