"""An Auto Scaling group whose instances are worker processes on this machine. It decides with the simulation's own policy code.

Its CPU is not this machine's: the tasks sleep. What a task would compute, its sender knows, and counts from when it was started.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import events
from benchmarks.events import Event, Log
from benchmarks.subjects import command
from benchmarks.workers import Bench, Worker
from deploy.simulate.group import Fleet
from deploy.simulate.policy import Group, Reading, Target, decide


@dataclass
class Instance:
    name: str
    launched: float
    booted: float
    worker: Worker


class LocalGroup:
    """Call `tick` at each period's end. `computing` has the seconds on a processor of each task by its key."""

    def __init__(
        self, bench: Bench, sqs: Any, note: Log, *, fleet: Fleet, targets: Sequence[Target], computing: Mapping[str, float]
    ) -> None:
        self._bench, self._sqs, self._note = bench, sqs, note
        self._fleet, self._targets, self._computing = fleet, targets, computing
        self._instances: list[Instance] = []
        self._leaving: list[Instance] = []
        self._readings: list[Reading] = []
        self._launches = 0
        self._desired = fleet.least

    def begin(self) -> None:
        """The least instances, in service and warm when it returns. Raises RuntimeError where one does not start."""
        for _ in range(self._fleet.least):
            self._launch(time.time() - self._fleet.warm_up)
        for one in self._instances:
            one.worker.wait_until_ready()
        self._note("size", desired=self._desired)

    def tick(self, now: float) -> None:
        reading = self._read(now)
        self._note("reading", cpu=reading.cpu, busy=reading.busy, backlog=reading.backlog, in_service=reading.in_service)
        self._readings.append(reading)
        seen = self._readings[: len(self._readings) - self._fleet.late]
        if seen:
            is_warming = any(now - one.launched < self._fleet.warm_up for one in self._instances)
            self._resize(decide(self._targets, seen, Group(self._desired, is_warming, self._fleet.least, self._fleet.most)))
        self._note_gone()

    def end(self) -> None:
        """Let all go, and wait until they are gone."""
        self._resize(0)
        for one in self._leaving:
            one.worker.process.wait(30)
        self._note_gone()

    def _resize(self, desired: int) -> None:
        if desired == self._desired:
            return
        self._desired = desired
        self._note("size", desired=desired)
        for _ in range(desired - len(self._instances)):
            self._launch(time.time())
        for one in self._instances[: max(0, len(self._instances) - desired)]:  # the oldest
            one.worker.send(signal.SIGTERM)
            self._leaving.append(one)
        self._instances = self._instances[max(0, len(self._instances) - desired) :]

    def _launch(self, at: float) -> None:
        self._launches += 1
        name, booted = f"i{self._launches}", at + self._fleet.boot
        line = command(self._bench.subject, concurrency=self._fleet.processes, prefetch=1, queue=self._bench.queue)
        line = ["benchmarks.booting" if word == "benchmarks.app" else word for word in line]
        told = self._bench.environment(node=name, endpoint=self._bench.url.rsplit("/", 2)[0]) | {"BENCH_BOOTED": str(booted)}
        worker = Worker(line, told, self._bench.folder / f"{name}.log")
        self._bench.workers.append(worker)  # ended with the rest, whatever happens
        self._instances.append(Instance(name, at, booted, worker))
        self._note("launched", node=name)

    def _read(self, now: float) -> Reading:
        serving = [one for one in self._instances if now >= one.booted]
        warm = {one.name for one in serving if now - one.launched >= self._fleet.warm_up}
        computed, busy = used(events.read(self._bench.tasks), warm, self._computing, since=now - self._fleet.period, until=now)
        share = 100 / (len(warm) * self._fleet.period) if warm else 0.0
        return Reading(
            cpu=share * computed / self._fleet.processors if warm else None,
            busy=share * busy / self._fleet.processes if warm else None,
            backlog=self._backlog(),
            in_service=len(serving),
        )

    def _backlog(self) -> int:
        name = "ApproximateNumberOfMessages"
        return int(self._sqs.get_queue_attributes(QueueUrl=self._bench.url, AttributeNames=[name])["Attributes"][name])

    def _note_gone(self) -> None:
        for one in [one for one in self._leaving if one.worker.process.poll() is not None]:
            self._leaving.remove(one)
            self._note("gone", node=one.name)


def used(found: Sequence[Event], nodes: set[str], computing: Mapping[str, float], *, since: float, until: float) -> tuple[float, float]:
    """Seconds that these nodes' tasks computed, and held a process, between two times. A task computes first, and waits then."""
    ends = {event["key"]: event["t"] for event in events.of(found, "end")}
    computed = held = 0.0
    for event in events.of(found, "start"):
        if event["node"] in nodes:
            began, key = event["t"], event["key"]
            computed += _within(began, began + computing[key], since, until)
            held += _within(began, ends.get(key, until), since, until)
    return computed, held


def _within(began: float, ended: float, since: float, until: float) -> float:
    return max(0.0, min(ended, until) - max(began, since))
