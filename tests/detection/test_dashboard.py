"""The figures of the dashboard: summed from hourly counters, by a number of requests that no number of predictions changes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from detection import aws, counters, dashboard, hours, predictions, table
from detection.clock import now
from detection.counters import bucket
from detection.dashboard import RANGES, period, present
from detection.hours import Hour, percentiles, read
from detection.prediction import Failure
from detection.predictions import Outcome
from taskqueue.registry import Worker
from tests.clouds import Cloud
from tests.detection.test_counters import found
from tests.detection.test_predictions import created
from tests.requests_made import requests_made

both = pytest.mark.parametrize("cloud", ["ministack", "moto"], indirect=True)


def count(at: datetime, shard: int, **amounts: int) -> None:
    """Add to the counters of an hour, as many predictions would have."""
    actions: list[Action] = [Path([name.replace("__", ":")]).add(amount) for name, amount in amounts.items()]
    table.counters()(counters.hour(at, shard)).update(actions=actions)


@both
def test_hours_are_summed_over_their_shards_and_quiet_ones_are_empty(cloud: Cloud) -> None:
    at = now()
    for shard in range(counters.SHARDS):
        count(at - timedelta(hours=3), shard, photos=shard, class__dog=1)
    count(at - timedelta(hours=1), 2, photos=5)
    count(at - timedelta(hours=9), 2, photos=1000)
    found = read(4, until=at)
    assert [one.counts for one in found] == [{}, {"photos": 28, "class:dog": 8}, {}, {"photos": 5}, {}]
    assert [one.at for one in found] == [at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=back) for back in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(("name", "expected"), [("hour", 1), ("day", 2), ("week", 14)])
def test_the_number_of_requests_is_the_ranges_alone(cloud: Cloud, name: str, expected: int) -> None:
    with requests_made() as of_nothing:
        period(name)
    hours.forget()
    chance = random.Random(1)
    for back in range(0, RANGES[name] + 1, 5):
        for shard in range(counters.SHARDS):
            labels = {f"class__label{number}": 10**9 for number in range(20)}
            count(now() - timedelta(hours=back), shard, photos=chance.randrange(10**9), **labels)
    with requests_made() as of_billions:
        assert period(name).photos > 10**9
    assert of_nothing == of_billions == ["BatchGetItem"] * expected


def test_an_hour_that_has_ended_is_read_once(cloud: Cloud) -> None:
    period("week")
    with requests_made() as made:
        period("week")
        period("day")
    assert made == ["BatchGetItem"] * 2
    count(now(), 1, photos=3)
    assert period("week").photos == 3, "the hour that runs is read each time"


def test_what_dynamodb_holds_back_is_asked_for_again(cloud: Cloud) -> None:
    at = now()
    for shard in range(counters.SHARDS):
        count(at, shard, photos=1)
    client: Any = aws.dynamodb().client

    def in_part(parsed: dict[str, Any], **_: Any) -> None:
        """As DynamoDB answers under load: half of the items, and the keys of the others."""
        for name, items in parsed.get("Responses", {}).items():
            kept, held = items[: (len(items) + 1) // 2], items[(len(items) + 1) // 2 :]
            parsed["Responses"][name] = kept
            parsed["UnprocessedKeys"] = {name: {"Keys": [{"name": item["name"]} for item in held]}} if held else {}

    client.meta.events.register("after-call.dynamodb.BatchGetItem", in_part)
    try:
        assert read(0, until=at)[0].counts == {"photos": 8}
    finally:
        client.meta.events.unregister("after-call.dynamodb.BatchGetItem", in_part)


def test_percentiles_are_those_of_the_figures_but_for_the_width_of_a_bucket() -> None:
    chance = random.Random(7)
    figures = sorted(chance.lognormvariate(0, 1.5) for _ in range(5_000))
    counts: dict[str, int] = {}
    for seconds in figures:
        counts[bucket("latency", seconds)] = counts.get(bucket("latency", seconds), 0) + 1
    told = percentiles(counts | {"saving_46": 9, "latencyless_46": 9}, "latency")
    assert told.times == 5_000
    for share, approximate in ((0.5, told.p50), (0.95, told.p95), (0.99, told.p99)):
        exact = figures[round(share * 5_000) - 1]
        assert approximate
        assert exact <= approximate <= exact * 1.4143


def test_of_nothing_there_are_no_percentiles() -> None:
    told = percentiles({"photos": 3}, "latency")
    assert (told.times, told.p50, told.p95, told.p99) == (0, None, None, None)


def test_a_period_tells_what_was_counted_by_the_writes_themselves(cloud: Cloud) -> None:
    for message in range(1, 4):
        created(message)
    predictions.finish("42-1", Outcome(model="m-1", detections=found("dog", "tv [old]", "dog")))
    predictions.finish("42-2", Outcome(failure=Failure.DAMAGED))
    predictions.mark_replied(predictions.claim("42-1"))
    predictions.mark_undeliverable(predictions.claim("42-2"), "blocked")
    counters.note("unheard")
    told = period("hour")
    assert (told.photos, told.done, told.failed, told.replied, told.undeliverable, told.perhaps_twice) == (3, 1, 1, 1, 1, 1)
    assert list(told.classes) == [("dog", 2), ("tv [old]", 1)]
    assert list(told.models) == [("m-1", 1)]
    assert list(told.failures) == [("damaged", 1)]
    assert told.stages["latency"].times == 1
    assert set(told.stages) == set(dashboard.STAGES)


def test_a_day_has_as_many_photos_as_its_pace_says() -> None:
    until = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    told = dashboard.Period(
        since=until - timedelta(hours=12), until=until, hours=[Hour(until, {})], photos=500, done=0, failed=0, replied=0,
        undeliverable=0, perhaps_twice=0, stages={}, failures=[], classes=[], models=[],
    )  # fmt: skip
    assert told.photos_a_day == pytest.approx(1000)


def test_the_present_is_queues_workers_and_pauses(cloud: Cloud) -> None:
    at = now()
    dashboard.registry().put(Worker(worker="w/1", host="w", started_at=at, heartbeat_at=at, memory_bytes=5))
    dashboard.pauses().pause("photos-bulk", by="olga", at=at)
    dead = aws.sqs().get_queue_url(QueueName=cloud.queue_urls["photos"].rsplit("/", 1)[1] + "-dead")["QueueUrl"]
    aws.sqs().send_message(QueueUrl=dead, MessageBody="x")
    told = present()
    assert {queue.name: (queue.dead, bool(queue.paused)) for queue in told.queues} == {
        "answers": (0, False), "photos": (1, False), "photos-bulk": (0, True),
    }  # fmt: skip
    assert [worker.memory_bytes for worker in told.workers] == [5]
    assert told.dead == 1
