"""Is the simulation of scaling right? `make simulate` runs this after it: the same load on real workers, as a group on this machine.

The instances are worker processes of taskqueue on the sandbox's SQS; the group's policies are the simulation's own code. A task sleeps as
long as the simulation has it take, which is drawn from the recorded times. Alarms, boot and warm-up are ten times as fast. Each run has a
seed of its own, for which the simulation predicts; the medians are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3

from benchmarks import events, report
from benchmarks.events import Event, Log
from benchmarks.local_group import LocalGroup
from benchmarks.messages import QUEUE, body
from benchmarks.scaling_figures import bars, drawn, figures
from benchmarks.service import embedded_aws
from benchmarks.subjects import OURS, SUBJECTS
from benchmarks.workers import Bench, wait_until
from deploy.simulate.group import Fleet
from deploy.simulate.load import Photo, Scenario, burst, measured
from deploy.simulate.policy import Target
from deploy.simulate.world import simulate
from sandbox.environment import Setup

SPEED = 10  # of alarms and boot
PATIENCE = 120  # seconds for what is left when the last photo is sent


@dataclass(frozen=True)
class Plan:
    load: Scenario = burst(2, 15, begins=(20,), lasts=60, seconds=210)  # noqa: RUF009  # a scenario is frozen
    fleet: Fleet = replace(Fleet(), least=1, most=6, period=60 / SPEED, boot=90 / SPEED, warm_up=120 / SPEED, look=5 / SPEED)  # noqa: RUF009
    targets: tuple[Target, ...] = (Target("cpu", 60), Target("backlog", 60))
    runs: int = 5

    def photos(self, run: int) -> list[Photo]:
        return self.load.photos(run, measured())


QUICK = Plan(
    load=burst(1, 10, begins=(2,), lasts=5, seconds=12),
    fleet=replace(Fleet(), least=1, most=2, period=1, late=0, boot=3, warm_up=4),
    targets=(Target("backlog", 5),),
    runs=1,
)


def run(plan: Plan, folder: Path) -> list[Event]:
    """The events of all runs, each with its run's number: what the simulation predicts, and what happened."""
    return asyncio.run(_runs(plan, folder))


async def _runs(plan: Plan, folder: Path) -> list[Event]:
    found: list[Event] = []
    async with embedded_aws(folder) as (_, setup):
        for number in range(plan.runs):
            its = [*predicted(plan, number), *await asyncio.to_thread(_rehearse, plan, number, folder / str(number), setup)]
            found += [{**event, "run": number} for event in its]
            seen = figures(found)
            report.progress(
                f"run {number + 1} of {plan.runs}: p95 measured {seen.measured_p95_s:.1f} s, predicted {seen.predicted_p95_s:.1f}"
            )
    return found


def predicted(plan: Plan, number: int) -> list[Event]:
    """The simulation's events, of the same names as those of a rehearsal with `predicted_` before them; times from the beginning."""
    history = simulate(plan.fleet, plan.targets, plan.photos(number), seed=number, seconds=plan.load.seconds)
    answered = [{"t": photo.at + took, "event": "predicted_answer", "seconds": took} for photo, took in history.answered]
    return answered + [{"t": at, "event": "predicted_size", "desired": size} for at, size in history.sizes]


def _rehearse(plan: Plan, number: int, folder: Path, setup: Setup) -> list[Event]:
    folder.mkdir()
    endpoint, photos = setup.url(setup.ports.aws), plan.photos(number)
    url = f"{endpoint}/000000000000/{QUEUE}"
    bench, note = Bench(folder, SUBJECTS[OURS], QUEUE, url), Log(folder / "driver.jsonl")
    told = bench.environment(node="driver", endpoint=endpoint)
    sqs: Any = boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name=told["AWS_DEFAULT_REGION"],
        aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
    )
    sqs.create_queue(QueueName=QUEUE, Attributes={"VisibilityTimeout": str(bench.visibility)})
    computing = {f"p{n}": photo.computing for n, photo in enumerate(photos)}
    group = LocalGroup(bench, sqs, note, fleet=plan.fleet, targets=plan.targets, computing=computing)
    try:
        group.begin()
        _play(plan, photos, group, lambda key, text: _send(sqs, url, note, key, text), bench.tasks)
        group.end()
        sqs.delete_queue(QueueUrl=url)
    finally:
        bench.end()
        note.close()
    return [*events.read(folder / "driver.jsonl"), *events.read(bench.tasks)]


def _send(sqs: Any, url: str, note: Log, key: str, text: str) -> None:
    note("sent", key=key)
    sqs.send_message(QueueUrl=url, MessageBody=text)


def _play(plan: Plan, photos: Sequence[Photo], group: LocalGroup, send: Callable[[str, str], None], tasks: Path) -> None:
    """Send each photo at its time and end each period at its own, until the last photo is answered and the load is over."""
    began, stop = time.time(), threading.Event()
    ticking = threading.Thread(target=_tick, args=(group, plan.fleet.period, began, stop))
    ticking.start()
    try:
        for n, photo in enumerate(photos):
            time.sleep(max(0.0, began + photo.at - time.time()))
            send(f"p{n}", body("bench.nap", f"p{n}", photo.computing + photo.waiting))
        wait_until(lambda: len(events.of(events.read(tasks), "end")) >= len(photos), seconds=PATIENCE, every=1)
        time.sleep(max(0.0, began + plan.load.seconds - time.time()))
    finally:
        stop.set()
        ticking.join()


def _tick(group: LocalGroup, period: float, began: float, stop: threading.Event) -> None:
    number = 1
    while not stop.wait(max(0.0, began + number * period - time.time())):
        group.tick(time.time())
        number += 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, help="keep the events in this file")
    parser.add_argument("--figures", type=Path, help="run nothing: compute the figures from the events in this file")
    parser.add_argument("--plot", type=Path, help="draw the first run and its prediction into this SVG file")
    parser.add_argument("--quick", action="store_true", help="one run of 12 s, to see that it runs; no bars")
    given = parser.parse_args(arguments)
    plan = QUICK if given.quick else Plan()
    with tempfile.TemporaryDirectory(prefix="rehearse-scaling-") as folder:
        found = events.read(given.figures) if given.figures else run(plan, Path(folder))
    if given.raw and not given.figures:
        given.raw.unlink(missing_ok=True)
        events.append(given.raw, found)
    if given.plot:
        given.plot.write_text(drawn(found))
    seen = figures(found)
    report.say(report.table(["", "seen"], list(vars(seen).items())))
    return report.finish(vars(seen), [] if given.quick else bars(seen))


if __name__ == "__main__":
    sys.exit(main())
