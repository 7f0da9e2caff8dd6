"""Dead letters, mended and redriven at a rate: `make bench-redrive`. Each effect is to be there exactly once, and both queues empty.

A worker buries tasks that raise; then the bug is mended, and `python -m taskqueue redrive --all --rate 50` runs beside the worker.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import effects, events, history, report
from benchmarks.events import Event, Log
from benchmarks.messages import QUEUE, body
from benchmarks.report import Bar
from benchmarks.sqs_control import Stand, stand
from benchmarks.subjects import OURS, ROOT, SUBJECTS
from benchmarks.workers import Bench, Worker, wait_until

APP = "benchmarks.mended"
PATIENCE = 180  # seconds for each part


@dataclass(frozen=True)
class Figures:
    letters: int
    redriven: int  # sent to the queue again, as the server saw it
    lost: int
    doubled_effects: int
    sent_twice: int
    per_s: float  # from the first to the last, as the server saw them come


def run(letters: int, rate: float, folder: Path) -> list[Event]:
    """The history of one run."""
    note = Log(folder / "driver.jsonl")
    effects.prepare(folder / "effects.sqlite")
    with stand(folder / "server.jsonl") as server:
        bench = Bench(folder, SUBJECTS[OURS], QUEUE, server.make_queue(QUEUE))
        environment = bench.environment(node="a", endpoint=server.endpoint)
        line = [sys.executable, "-m", "celery", "-A", APP, "worker", "--queues", QUEUE, "--concurrency", "2", "--loglevel", "INFO"]
        worker = Worker(line, environment, folder / "worker.log")
        try:
            worker.wait_until_ready()
            keys = _bury(server, note, letters)
            (folder / "mended").touch()
            note("mended")
            _redrive(environment, rate, folder)
            wait_until(lambda: not server.messages(QUEUE), seconds=PATIENCE, every=0.5)
            left = {name: [keys.get(m["body"], m["id"]) for m in server.messages(name)] for name in (QUEUE, f"{QUEUE}-dead")}
            note("left", queue=left[QUEUE], dead=left[f"{QUEUE}-dead"])
        finally:
            worker.kill_all()
    note.close()
    sent = events.of(events.read(folder / "server.jsonl"), "sent", queue=QUEUE)
    return [*events.read(folder / "driver.jsonl"), *effects.events(bench.effects), *sent]


def _bury(server: Stand, note: Log, letters: int) -> dict[str, str]:
    """Send tasks and wait until all are dead; returns their keys by their bodies."""
    keys = {body("bench.mended", f"t{number}"): f"t{number}" for number in range(letters)}
    for key in keys.values():
        note("put", key=key)
    server.send(QUEUE, list(keys))
    if not wait_until(lambda: len(server.messages(f"{QUEUE}-dead")) == letters, seconds=PATIENCE, every=0.5):
        raise RuntimeError(f"{len(server.messages(f'{QUEUE}-dead'))} of {letters} tasks became dead letters")
    report.progress(f"{letters} dead letters")
    return keys


def _redrive(environment: dict[str, str], rate: float, folder: Path) -> None:
    command = [sys.executable, "-m", "taskqueue", "redrive", "--all", "--rate", str(rate), "-A", APP]
    with (folder / "redrive.log").open("w") as log:
        done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT, check=False)
    said = (folder / "redrive.log").read_text().splitlines()
    report.progress(f"redrive ended with {done.returncode}: {said[-1] if said else 'nothing said'}")


def figures(history_of_run: Iterable[Event]) -> Figures:
    """From the events alone. Raises ValueError where the history was cut short."""
    found = list(history_of_run)
    verdict = history.check(found)
    mended = events.of(found, "mended")
    if not mended:
        raise ValueError("the history has no event 'mended': nothing was redriven")
    again = sorted(e["t"] for e in events.of(found, "sent") if e["t"] > mended[-1]["t"])
    spread = again[-1] - again[0] if len(again) > 1 else 0.0
    return Figures(
        letters=verdict.tasks,
        redriven=len(again),
        lost=len(verdict.lost) + len(verdict.stuck),
        doubled_effects=len(verdict.doubled),
        sent_twice=max(0, len(again) - verdict.tasks),
        per_s=(len(again) - 1) / spread if spread else 0.0,
    )


def bars(found: Figures, rate: float) -> list[Bar]:
    return [
        Bar(f"{found.redriven} of {found.letters} redriven", found.redriven == found.letters),
        Bar(f"{found.lost} lost, 0", found.lost == 0),
        Bar(f"{found.doubled_effects} effects doubled, 0", found.doubled_effects == 0),
        Bar(f"{found.per_s:.1f} a second, {rate:g} ± 10 %", abs(found.per_s - rate) <= rate / 10),
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, help="keep the history in this file")
    parser.add_argument("--figures", type=Path, help="run nothing: compute the figures from the history in this file")
    parser.add_argument("--letters", type=int, default=500)
    parser.add_argument("--rate", type=float, default=50, help="letters a second")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-redrive-") as folder:
        found = events.read(given.figures) if given.figures else run(given.letters, given.rate, Path(folder))
    if given.raw and not given.figures:
        given.raw.unlink(missing_ok=True)
        events.append(given.raw, found)
    seen = figures(found)
    report.say(report.table(["", "seen"], list(vars(seen).items())))
    return report.finish(vars(seen), bars(seen, given.rate))


if __name__ == "__main__":
    sys.exit(main())
