"""How fast tasks go through the queue, and what an idle worker costs: `make bench-queue`.

Each run has a server and a worker of its own; within a round the subjects take turns, so that a disturbance of the machine
meets them all. The raw events keep what the figures need: the tasks' and the server's requests.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import psutil

from benchmarks import events, report, speed_figures
from benchmarks.events import Event
from benchmarks.messages import QUEUE, body
from benchmarks.speed_figures import PROCESSES, SERVER_SECONDS
from benchmarks.sqs_control import Stand, stand
from benchmarks.subjects import LOOP, ROOT, SUBJECTS
from benchmarks.workers import Bench, wait_until


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    subjects: list[str]
    cases: list[str]
    rounds: int
    window: float  # seconds that count in one run
    samples: int  # of send-to-start, in one run
    busy_prefetch: int


QUICK_CASES = ["noop-10", "busy-0.3", "quiet", "idle"]
CASES = ["noop-1", "noop-2", "noop-10", "busy-0.05", "busy-0.3", "busy-1", "quiet", "idle"]
TASKS_PER_SECOND = 1500  # more than any subject runs: the queue must not be empty within the window


@contextmanager
def _bench(subject: str, folder: Path) -> Iterator[tuple[Bench, Stand]]:
    with stand(folder / "server.jsonl", latency=SERVER_SECONDS) as server:
        bench = Bench(folder, SUBJECTS[subject], QUEUE, server.make_queue(QUEUE))
        try:
            yield bench, server
        finally:
            bench.end()


def measure(subject: str, case: str, plan: Plan, folder: Path) -> list[Event]:
    """One run: its events, with `subject` and `case`."""
    kind, _, number = case.partition("-")
    with _bench(subject, folder) as (bench, server):
        if kind == "quiet":
            noted = _quiet(bench, plan)
        elif kind == "idle":
            noted = _idle(bench, plan)
        else:
            noted = _loaded(bench, server, kind, number, plan)
    tasks = [e for e in events.read(bench.tasks) if not e["key"].startswith("warm")]
    return [*noted, *tasks, *events.of(events.read(folder / "server.jsonl"), "request")]


def _loaded(bench: Bench, server: Stand, kind: str, number: str, plan: Plan) -> list[Event]:
    """With more in the queue than can be done, from a second after the first task on."""
    if kind == "noop":
        tasks, prefetch = [body("bench.noop", f"t{n}") for n in range(int((plan.window + 3) * TASKS_PER_SECOND))], int(number)
    else:
        seconds, prefetch = float(number), plan.busy_prefetch
        tasks = [body("bench.nap", f"t{n}", seconds) for n in range(int((plan.window + 5) / seconds * PROCESSES) + 40)]
    server.send(QUEUE, tasks)
    bench.start(concurrency=PROCESSES, prefetch=prefetch)
    wait_until(lambda: events.read(bench.tasks), seconds=30)
    time.sleep(1)
    return [_window(plan.window)]


def _quiet(bench: Bench, plan: Plan) -> list[Event]:
    """One task at a time, at moments that know nothing of the polls."""
    bench.start(concurrency=PROCESSES)
    sqs = boto3.client(
        "sqs",
        endpoint_url=bench.url.rsplit("/", 2)[0],
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the stand-in takes any
    )
    pause, noted = random.Random(1), []  # noqa: S311 - not a secret
    for number in range(plan.samples + 5):
        key = f"warm{number}" if number < 5 else f"t{number}"
        text = body("bench.noop", key)
        if number >= 5:
            noted.append({"t": time.time(), "event": "sending", "key": key})
        sqs.send_message(QueueUrl=bench.url, MessageBody=text)
        time.sleep(pause.uniform(0.1, 0.3))
    wait_until(lambda: len(events.of(events.read(bench.tasks), "end")) >= plan.samples + 5, seconds=10)
    return noted


def _idle(bench: Bench, plan: Plan) -> list[Event]:
    worker = bench.start(concurrency=PROCESSES)
    time.sleep(3)
    first = _usage(worker.process.pid)
    window = _window(max(plan.window, 10) * 3)  # whole long polls of ten seconds
    return [first, window, _usage(worker.process.pid)]


def _window(seconds: float) -> Event:
    began = time.time()
    time.sleep(seconds)
    return {"t": began, "event": "window", "began": began, "ended": time.time(), "load_1m": os.getloadavg()[0]}


def _usage(pid: int) -> Event:
    """CPU seconds so far, and the memory that would be free without the worker: what its processes share counts once."""
    main = psutil.Process(pid)
    family = [main, *main.children(recursive=True)]
    cpu = sum(sum(process.cpu_times()[:2]) for process in family)
    return {"t": time.time(), "event": "usage", "cpu_s": cpu, "memory_bytes": sum(process.memory_full_info().pss for process in family)}


def _applies(subject: str, case: str) -> bool:
    """The loop always takes ten."""
    return subject != LOOP or case not in ("noop-1", "noop-2")


def run(plan: Plan, raw: Path) -> None:
    """All rounds; the events go to `raw`."""
    todo = [
        (number, case, subject)
        for number in range(plan.rounds)
        for case in plan.cases
        for subject in plan.subjects
        if _applies(subject, case)
    ]
    for done, (number, case, subject) in enumerate(todo, 1):
        with tempfile.TemporaryDirectory(prefix="bench-queue-") as folder:
            found = measure(subject, case, plan, Path(folder))
        events.append(raw, found, subject=subject, case=case, run=number)
        labelled = [{**event, "subject": subject, "case": case, "run": number} for event in found]
        report.progress(f"{done}/{len(todo)}  {case:9}  {subject:12}  {_brief(speed_figures.figures(labelled)[subject][case])}")


def _brief(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.3g}" for name, value in figures.items() if name != "runs")


def show(found: speed_figures.Figures) -> None:
    columns: list[tuple[str, Callable[[str], object]]] = []
    for case in dict.fromkeys(case for cases in found.values() for case in cases):
        names = [name for name in next(c[case] for c in found.values() if case in c) if name not in ("runs", "samples", "missing")]
        columns += [(f"{case} {name}", lambda subject, case=case, name=name: found[subject].get(case, {}).get(name)) for name in names]  # type: ignore[misc]
    report.say(report.table(["", *found], [[title, *(value(subject) for subject in found)] for title, value in columns]))


def _events(plan: Plan, keep: Path | None) -> list[Event]:
    with tempfile.TemporaryDirectory(prefix="bench-queue-") as folder:
        raw = keep or Path(folder) / "raw.jsonl"
        raw.unlink(missing_ok=True)
        run(plan, raw)
        return events.read(raw)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, help="keep the events in this file")
    parser.add_argument("--figures", type=Path, help="run nothing: the figures of the events in this file")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it runs; the bars are not applied")
    parser.add_argument("--subject", action="append", choices=list(SUBJECTS))
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=6)
    parser.add_argument("--busy-prefetch", type=int, default=2)
    given = parser.parse_args(arguments)
    subjects, cases = given.subject or list(SUBJECTS), given.case or (QUICK_CASES if given.quick else CASES)
    if not given.figures and (missing := [name for name in subjects if not (ROOT / SUBJECTS[name].python).exists()]):
        parser.error(f"{missing[0]} is not installed: run benchmarks/install-celery-5.6.2, or name other subjects with --subject")
    rounds, window, samples = (1, 1.5, 10) if given.quick else (given.rounds, given.window, 100)
    plan = Plan(subjects, cases, rounds, window, samples, given.busy_prefetch)
    found = speed_figures.figures(events.read(given.figures) if given.figures else _events(plan, given.raw))
    show(found)
    return report.finish({"figures": found}, [] if given.quick else speed_figures.bars(found))


if __name__ == "__main__":
    sys.exit(main())
