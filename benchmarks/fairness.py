"""Does a chat that floods make the others wait? `make bench-fairness`. One chat sends 1,000 photos, twenty others send one each meanwhile.

Three scenes: the twenty alone, the flood alone, and both together. A photo takes a nap of 0.3 s, on two processes of one worker. The
service's own rule chooses the queue (a chat that has several open predictions: `photos-bulk`, read when `photos` is empty). What SQS's
fair queues do with message groups comes on top of it on AWS, and is not in these figures: no emulator does it.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import events, report
from benchmarks.events import Event
from benchmarks.report import Bar
from benchmarks.service import embedded_aws, start_worker
from benchmarks.speed_figures import percentile
from benchmarks.subjects import ROOT
from sandbox import environment

QUIET, FLOOD, BOTH = "quiet", "flood", "both"
FLOODING = 1000  # this chat's id; those of the quiet ones begin above
MOST_MORE_TASKS = 2  # that a quiet chat may wait for, in task times
MOST_FLOOD = 1.1  # of its time alone


@dataclass(frozen=True)
class Plan:
    flood: int = 1000
    quiet: int = 20
    seconds: float = 0.3  # of a task
    processes: int = 2

    @property
    def pause(self) -> float:
        """Between two quiet chats, so that they are spread over the flood."""
        return self.flood * self.seconds / self.processes / (self.quiet + 1)


@dataclass(frozen=True)
class Figures:
    quiet_p95_s: float  # from sent to started
    quiet_p95_in_flood_s: float
    flood_s: float  # from the first sent to the last ended
    flood_beside_quiet_s: float
    task_s: float  # median, as it took in the flood alone
    unstarted: int
    doubled: int


def run(plan: Plan, folder: Path) -> list[Event]:
    """The events of the three scenes, each with its scene's name."""
    return asyncio.run(_scenes(plan, folder))


async def _scenes(plan: Plan, folder: Path) -> list[Event]:
    """One after the other, with the same worker and the same chats; a scene begins when all photos of the one before are answered."""
    tasks, found = folder / "tasks.jsonl", list[Event]()
    async with embedded_aws(folder) as (supervisor, setup):
        told = {"NAP_TASKS": str(tasks), "NAP_SECONDS": str(plan.seconds)}
        await start_worker(supervisor, setup, "--concurrency", str(plan.processes), app="benchmarks.napping", **told)
        for number, scene in enumerate((QUIET, FLOOD, BOTH)):
            report.progress(f"scene: {scene}")
            sent = folder / f"{scene}.jsonl"
            await asyncio.to_thread(_send, scene, plan, 1 + number * plan.flood, sent, environment.shared(setup))
            ids = _ids(events.read(sent), "sent")
            await asyncio.to_thread(_until_done, tasks, ids, patience=120 + len(ids) * plan.seconds)
            its = [*events.read(sent), *(event for event in events.read(tasks) if event["id"] in ids)]
            found += [{**event, "scene": scene} for event in its]
    return found


def _send(scene: str, plan: Plan, first: int, sent: Path, told: dict[str, str]) -> None:
    """Each crowd in a process of its own. `first` is the number of each chat's first message."""
    # Alone, the quiet ones need no flood to be spread over.
    pause = plan.pause if scene == BOTH else min(plan.pause, 4 * plan.seconds)
    crowds = {QUIET: f"{FLOODING + 1} {first} 1 {plan.quiet} {pause}", FLOOD: f"{FLOODING} {first} {plan.flood} 1 0"}
    line = [sys.executable, "-m", "benchmarks.crowd", str(sent)]
    chosen = [[*line, *crowds[name].split()] for name in (FLOOD, QUIET) if scene in (name, BOTH)]
    running = [subprocess.Popen(command, cwd=ROOT, env=told) for command in chosen]
    if codes := [code for code in [process.wait() for process in running] if code]:
        raise RuntimeError(f"a crowd ended with {codes[0]}")


def _until_done(tasks: Path, ids: set[str], *, patience: float) -> None:
    deadline, told = time.monotonic() + patience, 0
    while time.monotonic() < deadline:
        ended = len(ids & _ids(events.read(tasks), "end"))
        if ended >= told + 200:
            told = ended
            report.progress(f"{ended} of {len(ids)} done")
        if ended >= len(ids):
            return
        time.sleep(0.5)


def figures(found: Iterable[Event]) -> Figures:
    """From the events alone. Raises ValueError where a scene is missing."""
    everything = list(found)
    scenes = {name: [event for event in everything if event["scene"] == name] for name in (QUIET, FLOOD, BOTH)}
    if missing := [name for name, its in scenes.items() if not events.of(its, "start")]:
        raise ValueError(f"no task was started in the scene {missing[0]!r}")
    return Figures(
        quiet_p95_s=percentile(_waits(scenes[QUIET]), 95),
        quiet_p95_in_flood_s=percentile(_waits(scenes[BOTH]), 95),
        flood_s=_flood(scenes[FLOOD]),
        flood_beside_quiet_s=_flood(scenes[BOTH]),
        task_s=_task(scenes[FLOOD]),
        unstarted=sum(len(_ids(its, "sent") - _ids(its, "start")) for its in scenes.values()),
        doubled=sum(len(events.of(its, "end")) - len(_ids(its, "end")) for its in scenes.values()),
    )


def _ids(its: list[Event], name: str) -> set[str]:
    return {event["id"] for event in events.of(its, name)}


def _waits(its: list[Event]) -> list[float]:
    """Of each quiet chat, from sent to started."""
    started = {event["id"]: event["t"] for event in reversed(events.of(its, "start"))}
    return [started[e["id"]] - e["t"] for e in events.of(its, "sent") if e["chat"] != FLOODING and e["id"] in started]


def _flood(its: list[Event]) -> float:
    sent = [event for event in events.of(its, "sent") if event["chat"] == FLOODING]
    ids = {event["id"] for event in sent}
    ended = [event["t"] for event in events.of(its, "end") if event["id"] in ids]
    return float(max(ended) - min(event["t"] for event in sent))


def _task(its: list[Event]) -> float:
    started = {event["id"]: event["t"] for event in events.of(its, "start")}
    took = sorted(event["t"] - started[event["id"]] for event in events.of(its, "end"))
    return float(took[len(took) // 2])


def bars(found: Figures) -> list[Bar]:
    most = found.quiet_p95_s + MOST_MORE_TASKS * found.task_s
    ratio = found.flood_beside_quiet_s / found.flood_s
    return [
        Bar(
            f"a quiet chat's p95 wait in the flood: {found.quiet_p95_in_flood_s:.2f} s, at most {most:.2f} (alone {found.quiet_p95_s:.2f})",
            found.quiet_p95_in_flood_s <= most,
        ),
        Bar(f"the flood beside quiet chats: {ratio:.3f} of its time alone, at most {MOST_FLOOD}", ratio <= MOST_FLOOD),
        Bar(f"{found.unstarted} tasks never started, 0", found.unstarted == 0),
        Bar(f"{found.doubled} tasks run twice, 0", found.doubled == 0),
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, help="keep the events in this file")
    parser.add_argument("--figures", type=Path, help="run nothing: compute the figures from the events in this file")
    parser.add_argument("--quick", action="store_true", help="a flood of ten and two quiet chats, to see that it runs; no bars")
    given = parser.parse_args(arguments)
    plan = Plan(flood=10, quiet=2) if given.quick else Plan()
    with tempfile.TemporaryDirectory(prefix="bench-fairness-") as folder:
        found = events.read(given.figures) if given.figures else run(plan, Path(folder))
    if given.raw and not given.figures:
        given.raw.unlink(missing_ok=True)
        events.append(given.raw, found)
    seen = figures(found)
    report.say(report.table(["", "seen"], list(vars(seen).items())))
    return report.finish(vars(seen), [] if given.quick else bars(seen))


if __name__ == "__main__":
    sys.exit(main())
