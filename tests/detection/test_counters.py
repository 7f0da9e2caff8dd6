"""What is counted, once each, and in names that DynamoDB takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import pytest

from detection import predictions
from detection.clock import now
from detection.counters import MOST_LABELS, bucket, named, upper_bound
from detection.prediction import Box, Detection, Failure
from detection.predictions import Outcome
from tests.clouds import Cloud
from tests.counted import counted
from tests.detection.test_predictions import created, new

both = pytest.mark.parametrize("cloud", ["ministack", "moto"], indirect=True)


def found(*labels: str) -> tuple[Detection, ...]:
    return tuple(Detection(label, 0.9, Box(0.1, 0.1, 0.2, 0.2)) for label in labels)


def buckets(stage: str) -> list[tuple[float, int]]:
    """Up to how many seconds, and how many took so long."""
    return [(upper_bound(int(name[-2:])), times) for name, times in sorted(counted().items()) if name.startswith(f"{stage}_")]


@both
def test_a_prediction_is_counted_with_each_of_its_stages(cloud: Cloud) -> None:
    name = created(age=timedelta(seconds=20))
    predictions.mark_queued(name, queue="photos", at=now() - timedelta(seconds=8))
    started = predictions.start(name, worker="w")
    assert started
    assert started.started_at
    detected_at = started.started_at + timedelta(seconds=1)
    outcome = Outcome(
        "m-1.2", detections=found("dog", "cat", "dog"), detected_at=detected_at, saved_at=detected_at + timedelta(seconds=0.4)
    )
    predictions.finish(name, outcome, started=started)
    predictions.mark_replied(predictions.claim(name))
    sums = counted()
    assert {key: sums[key] for key in ("done", "replied", "model:m-1.2", "class:dog", "class:cat")} == {
        "done": 1, "replied": 1, "model:m-1.2": 1, "class:dog": 2, "class:cat": 1,
    }  # fmt: skip
    for stage, least, most in (("waiting", 8, 12), ("detecting", 1, 1.42), ("saving", 0.4, 0.57), ("latency", 20, 30)):
        ((seconds, times_counted),) = buckets(stage)
        assert least <= seconds <= most, stage
        assert times_counted == 1
    assert len(buckets("answering")) == 1


def test_a_photo_is_counted_once_however_often_it_comes(cloud: Cloud) -> None:
    photo = new()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: predictions.create(photo), range(8)))
    assert counted() == {"photos": 1}


def test_a_further_run_is_no_further_photo(cloud: Cloud) -> None:
    first = predictions.create(new())
    assert first
    predictions.create(replace(first, prediction_id="42-7-1", run=1))
    assert predictions.get("42-7-1")
    assert counted() == {"photos": 1}


def test_a_failure_is_counted_by_its_reason_and_by_nothing_that_it_did_not_reach(cloud: Cloud) -> None:
    name = created()
    started = predictions.start(name, worker="w")
    predictions.finish(name, Outcome(failure=Failure.NOT_A_PHOTO, detected_at=now()), started=started)
    assert counted() == {"photos": 1, "failed": 1, "failure:not a photo": 1, "waiting_00": 1}


def test_the_loser_of_two_finishes_is_not_counted_with_any_of_its_figures(cloud: Cloud) -> None:
    name = created()
    predictions.finish(name, Outcome(model="first", detections=found("cat")))
    predictions.finish(name, Outcome(model="second", detections=found("dog")))
    assert counted() == {"photos": 1, "done": 1, "model:first": 1, "class:cat": 1}


@both
@pytest.mark.parametrize("label", ["tv [old]", "a.b.c", "#1 :2", "größe", "x" * 300, "class:class", "%41"])
def test_any_label_can_be_counted(cloud: Cloud, label: str) -> None:
    predictions.finish(created(), Outcome(detections=found(label)))
    (name,) = [name for name in counted() if name.startswith("class:")]
    assert unquote(name.removeprefix("class:")) == label[: 100 - len("class:")]


@both
def test_more_labels_than_an_update_can_name_are_counted_together(cloud: Cloud) -> None:
    labels = [f"{number:04d} {'long' * 20}" for number in range(300)]
    predictions.finish(created(), Outcome(detections=found("dog", "dog", *labels)))
    classes = {name: times for name, times in counted().items() if name.startswith("class:")}
    assert len(classes) == MOST_LABELS + 1
    assert (classes["class:dog"], classes["class:others"]) == (2, 300 - (MOST_LABELS - 1))


@pytest.mark.parametrize("seconds", [0, 0.01, 0.0100001, 0.3, 5, 61, 80_000])
def test_a_bucket_is_at_most_41_percent_too_high_and_never_too_low(seconds: float) -> None:
    bound = upper_bound(int(bucket("latency", seconds).removeprefix("latency_")))
    assert seconds <= bound <= max(0.01, seconds * 1.4143)


def test_all_that_takes_longer_than_a_day_is_in_the_last_bucket() -> None:
    assert bucket("latency", 10**6) == bucket("latency", 10**9) == "latency_46"


def test_names_of_different_kinds_do_not_meet() -> None:
    assert named("class", "photos") != "photos"
    assert named("class", "m") != named("model", "m")
