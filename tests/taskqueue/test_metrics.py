"""Metrics in CloudWatch's embedded format, and the figures in them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from taskqueue.metrics import Measured, busy_share, line, of_queues, of_worker, write
from taskqueue.operating import operating_settings
from taskqueue.queues import Queue
from taskqueue.tally import SAMPLE, Seconds
from tests.processes import wait_for
from tests.taskqueue.project import Project

QUEUE = Queue(
    name="photos", url="u", depth=3, in_flight=1, delayed=0, dead_url="d", dead=2, oldest_seconds=61.23, oldest_from="application"
)


def measured(at: float, busy: float, *, processes: int = 2, done: int = 0, failed: int = 0, again: int = 0, twice: int = 0) -> Measured:
    return Measured(at, busy, processes, done, failed, again, twice)


def embedded(text: str) -> dict[str, Any]:
    """A line as CloudWatch Logs reads it: ValueError where the specification is not kept."""
    found: dict[str, Any] = json.loads(text)
    assert isinstance(found["_aws"]["Timestamp"], int)
    for about in found["_aws"]["CloudWatchMetrics"]:
        assert about["Namespace"]
        assert all(isinstance(found[name], str) and found[name] for names in about["Dimensions"] for name in names)
        for metric in about["Metrics"]:
            values = found[metric["Name"]]
            assert metric["Unit"] in {"Count", "Seconds", "Percent"}
            assert isinstance(values, int | float) or 0 < len(values) <= 100
    return found


def test_a_line_is_in_the_embedded_format() -> None:
    assert json.loads(line("Polybot", {"Backlog": (3, "Count")}, by={"Queue": "photos"}, named={"Worker": "w"}, now=1.5)) == {
        "_aws": {
            "Timestamp": 1500,
            "CloudWatchMetrics": [{"Namespace": "Polybot", "Dimensions": [["Queue"]], "Metrics": [{"Name": "Backlog", "Unit": "Count"}]}],
        },
        "Queue": "photos",
        "Worker": "w",
        "Backlog": 3,
    }


def test_a_worker_tells_what_changed_since_the_last_time() -> None:
    before = measured(0, 10, done=5, failed=1, again=1)
    after = measured(60, 100, done=25, failed=2, again=4, twice=1)
    took = Seconds()
    took.add(0.3)
    total, by_task = map(embedded, of_worker(before, after, {"detect": took}, namespace="N", worker="celery@vm/1"))
    assert [total[name] for name in ("BusyShare", "Done", "Failures", "Redelivered", "Duplicates")] == [75.0, 20, 1, 3, 1]
    assert total["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]
    assert (by_task["Task"], by_task["TaskSeconds"]) == ("detect", [0.3])


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        (measured(0, 0), measured(10, 20), 1.0),
        (measured(0, 0), measured(10, 5), 0.25),
        (measured(0, 0), measured(10, 21), 1.0),  # a task that ended between two looks at the clock
        (measured(0, 0, processes=1), measured(10, 20, processes=4), 0.5),
        (measured(5, 0), measured(5, 0), 0.0),
    ],
)
def test_the_busy_share_is_of_the_time_that_the_processes_had(before: Measured, after: Measured, share: float) -> None:
    assert busy_share(before, after) == pytest.approx(share)


def test_queues_tell_backlog_age_and_dead_letters() -> None:
    found = embedded(of_queues([QUEUE], namespace="N")[0])
    assert [found[name] for name in ("Queue", "Backlog", "InFlight", "DeadLetters", "AgeOfOldest")] == ["photos", 3, 1, 2, 61.2]


def test_what_is_not_known_is_not_told() -> None:
    unknown = Queue(**{**vars(QUEUE), "dead": None, "oldest_seconds": None})
    assert not {"DeadLetters", "AgeOfOldest"} & set(embedded(of_queues([unknown], namespace="N")[0]))


def test_of_many_tasks_a_sample_is_kept_and_their_sum_is_exact() -> None:
    took = Seconds()
    for number in range(10_000):
        took.add(number / 1000)
    assert (took.count, len(took.sample)) == (10_000, SAMPLE)
    assert took.total == pytest.approx(49_995)
    assert sum(took.sample) / SAMPLE == pytest.approx(5, abs=1.5)  # five standard errors


def test_lines_are_written_whole() -> None:
    out = io.StringIO()
    write(["a", "b"], out)
    assert out.getvalue() == "a\nb\n"


def test_a_worker_writes_metrics_among_its_log(project: Project) -> None:
    told = operating_settings(metrics_namespace="Samples") | {"taskqueue_beat_seconds": 0.2, "taskqueue_metrics_seconds": 1}
    task_id = project.send("run", "one", 0.3)
    with project.worker(settings=told) as worker:

        def lines() -> list[dict[str, Any]]:
            return [embedded(text) for text in worker.output().splitlines() if text.startswith('{"_aws"')]

        took = wait_for(lambda: [one for one in lines() if one.get("Task") == "run"], seconds=20, what="the seconds of a task")
        assert took[0]["TaskSeconds"] == [pytest.approx(0.3, abs=0.2)]
        wait_for(lambda: sum(one.get("Done", 0) for one in lines()) == 1, seconds=5, what="one done")
        backlog = wait_for(lambda: [one for one in lines() if "Backlog" in one], seconds=5, what="the queue's own")
        assert {one["Queue"] for one in backlog} == {"work"}
        project.app.send_task("run", args=("again",), task_id=task_id)  # a duplicate
        wait_for(lambda: sum(one.get("Duplicates", 0) for one in lines()) == 1, seconds=10, what="one duplicate")
