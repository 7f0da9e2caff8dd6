"""Metrics for CloudWatch in its embedded format: lines of JSON on stdout, from which CloudWatch Logs makes metrics."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from taskqueue.queues import Queue
from taskqueue.registry import Worker
from taskqueue.tally import Seconds


@dataclass(frozen=True)
class Measured:
    """A worker's sums at one moment; two of these make a line."""

    at: float  # monotonic
    busy_seconds: float
    processes: int
    done: int
    failed: int
    redelivered: int
    duplicates: int

    @classmethod
    def of(cls, worker: Worker, busy_seconds: float, at: float) -> Measured:
        return cls(at, busy_seconds, worker.processes, worker.done, worker.failed, worker.redelivered, worker.duplicates)


def of_worker(
    before: Measured, after: Measured, seconds: Mapping[str, Seconds], *, namespace: str, worker: str, now: float | None = None
) -> list[str]:
    """One line for the worker and one for each kind of task that ended between the two moments.

    The worker is named in the line but is no dimension: a metric of its own for each worker that ever was would be paid for.
    """
    values = {
        "BusyShare": (round(100 * busy_share(before, after), 1), "Percent"),
        "Done": (after.done - before.done, "Count"),
        "Failures": (max(0, after.failed - before.failed), "Count"),
        "Redelivered": (after.redelivered - before.redelivered, "Count"),
        "Duplicates": (after.duplicates - before.duplicates, "Count"),
    }
    lines = [line(namespace, values, now=now, named={"Worker": worker})]
    for task, took in seconds.items():
        lines.append(line(namespace, {"TaskSeconds": (took.sample, "Seconds")}, by={"Task": task}, now=now, named={"Worker": worker}))
    return lines


def of_queues(queues: Iterable[Queue], *, namespace: str, now: float | None = None) -> list[str]:
    """One line for each queue. Every worker writes them: read their maximum or average, never their sum."""
    lines = []
    for queue in queues:
        values: dict[str, tuple[Any, str]] = {"Backlog": (queue.depth, "Count"), "InFlight": (queue.in_flight, "Count")}
        if queue.dead is not None:
            values["DeadLetters"] = (queue.dead, "Count")
        if queue.oldest_seconds is not None:
            values["AgeOfOldest"] = (round(queue.oldest_seconds, 1), "Seconds")
        lines.append(line(namespace, values, by={"Queue": queue.name}, now=now))
    return lines


def busy_share(before: Measured, after: Measured) -> float:
    """Of the time that the worker's processes had between the two moments, how much they ran tasks: 0 to 1."""
    had = (after.at - before.at) * max(before.processes, after.processes)
    return min(1.0, max(0.0, (after.busy_seconds - before.busy_seconds) / had)) if had > 0 else 0.0


def line(
    namespace: str,
    values: Mapping[str, tuple[Any, str]],
    *,
    by: Mapping[str, str] | None = None,
    named: Mapping[str, str] | None = None,
    now: float | None = None,
) -> str:
    """`values` are name → (a number or at most 100 of them, CloudWatch's unit); `by` are dimensions, `named` are words for the log alone.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    metrics = [{"Name": name, "Unit": unit} for name, (_, unit) in values.items()]
    about = {"Namespace": namespace, "Dimensions": [list(by or {})], "Metrics": metrics}
    head = {"Timestamp": round((time.time() if now is None else now) * 1000), "CloudWatchMetrics": [about]}
    return json.dumps({"_aws": head, **(by or {}), **(named or {}), **{name: value for name, (value, _) in values.items()}})


def write(lines: Iterable[str], out: TextIO | None = None) -> None:
    """To stdout, each line whole: other threads write there too."""
    # Celery may have put its logging in the place of sys.stdout; a line with a prefix is no metric.
    stream = out or sys.__stdout__
    if stream:
        stream.write("".join(one + "\n" for one in lines))
        stream.flush()
