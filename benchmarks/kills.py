"""Tasks while workers are killed: `make bench-kills`. Each effect is to be there exactly once, and the queue empty at the end.

Tasks of 20-80 ms are sent at a steady pace, so that there is work while the kills go on; the server delivers some twice. Every
few seconds one worker, chosen by chance, gets SIGKILL, half the time with its children and half the time without, and another
is started in its place.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import effects, events, history, report
from benchmarks.events import Event, Log
from benchmarks.messages import QUEUE, body
from benchmarks.sqs_control import Stand, stand
from benchmarks.subjects import OURS, STOCK, SUBJECTS
from benchmarks.workers import Bench, Worker, wait_until


@dataclass(frozen=True)
class Plan:
    tasks: int
    pace: float  # tasks sent a second
    workers: int
    kills: int  # at the least
    kill_every: float  # seconds
    seed: int
    prefetch: int = 2
    visibility: int = 30
    duplicates: float = 0.05
    patience: float = 120  # seconds for what is left when the kills are over


def run(subject: str, plan: Plan, folder: Path) -> list[Event]:
    """The history of one run."""
    note = Log(folder / "driver.jsonl")
    effects.prepare(folder / "effects.sqlite")
    with stand(folder / "server.jsonl", seed=plan.seed) as server:
        bench = Bench(folder, SUBJECTS[subject], QUEUE, server.make_queue(QUEUE, visibility=plan.visibility), plan.visibility)
        server.command("duplicates", share=plan.duplicates)
        try:
            keys = _play(bench, server, note, plan)
            note("left", **_left(server, keys))
        finally:
            bench.end()
    note.close()
    sent = events.of(events.read(folder / "server.jsonl"), "sent", queue=QUEUE)
    return [*events.read(folder / "driver.jsonl"), *events.read(bench.tasks), *effects.events(bench.effects), *sent]


def _play(bench: Bench, server: Stand, note: Log, plan: Plan) -> dict[str, str]:
    """Send, kill, wait; returns the keys by their bodies."""
    chance = random.Random(plan.seed)  # noqa: S311 - not a secret
    calls = [(f"t{n}", chance.uniform(0.02, 0.08)) for n in range(plan.tasks)]
    tasks = {body("bench.effect", key, seconds): key for key, seconds in calls}
    workers = [bench.start(node=f"w{n}", concurrency=1, prefetch=plan.prefetch) for n in range(plan.workers)]
    sender = threading.Thread(target=_send, args=(server, note, tasks, plan.pace))
    sender.start()
    _kill(bench, workers, note, plan, chance=chance, sender=sender)
    sender.join()
    wait_until(lambda: not server.messages(QUEUE), seconds=plan.patience, every=1)
    return tasks


def _send(server: Stand, note: Log, tasks: dict[str, str], pace: float) -> None:
    """In tens, none earlier than its turn."""
    began, bodies = time.monotonic(), list(tasks)
    for start in range(0, len(bodies), 10):
        time.sleep(max(began + start / pace - time.monotonic(), 0))
        for text in bodies[start : start + 10]:
            note("put", key=tasks[text])
        server.send(QUEUE, bodies[start : start + 10])


def _kill(bench: Bench, workers: list[Worker], note: Log, plan: Plan, *, chance: random.Random, sender: threading.Thread) -> None:
    """At the plan's pace while there are tasks to send, and until there were enough kills."""
    kills, began = 0, time.monotonic()
    while sender.is_alive() or kills < plan.kills:
        kills += 1
        time.sleep(max(began + kills * plan.kill_every - time.monotonic(), 0))
        place = chance.randrange(len(workers))
        alone = chance.random() < 0.5
        note("struck", worker=place, children=not alone)
        if alone:
            workers[place].send(signal.SIGKILL)
            workers[place].process.wait()
        else:
            workers[place].kill_all()
        workers[place] = bench.start(node=f"w{place}", concurrency=1, prefetch=plan.prefetch, wait=False)
        if kills % 5 == 0:
            report.progress(f"{kills} kills, {len(effects.events(bench.effects))} of {plan.tasks} effects")


def _left(server: Stand, keys: dict[str, str]) -> dict[str, list[str]]:
    queues = {"queue": QUEUE, "dead": f"{QUEUE}-dead"}
    return {name: [keys.get(m["body"], m["id"]) for m in server.messages(queue)] for name, queue in queues.items()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, help="keep the history in this file")
    parser.add_argument("--check", type=Path, help="run nothing: check the history in this file")
    parser.add_argument("--quick", action="store_true", help="200 tasks and 4 kills, to see that it runs")
    parser.add_argument("--subject", choices=[OURS, STOCK], default=OURS)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--pace", type=float, default=48, help="tasks sent a second")
    given = parser.parse_args(arguments)
    plan = (
        Plan(200, 40, 2, 4, 2, given.seed, visibility=4) if given.quick else Plan(10_000, given.pace, 4, history.MIN_KILLS, 3, given.seed)
    )
    with tempfile.TemporaryDirectory(prefix="bench-kills-") as folder:
        found = events.read(given.check) if given.check else run(given.subject, plan, Path(folder))
    if given.raw and not given.check:
        given.raw.unlink(missing_ok=True)
        events.append(given.raw, found)
    return _finish(history.check(found), given.seed, quick=given.quick)


def _finish(verdict: history.Verdict, seed: int, *, quick: bool) -> int:
    counted = {"lost": len(verdict.lost), "doubled_effects": len(verdict.doubled), "stuck": len(verdict.stuck)}
    result = {"tasks": verdict.tasks, "kills": verdict.kills, **counted, "tasks_per_s": verdict.tasks_per_s, "seed": seed}
    report.say(report.table(["", "seen"], [*result.items(), ("duplicates injected", verdict.duplicates)]))
    bars = history.bars(verdict)
    return report.finish(result, bars[1:] if quick else bars)


if __name__ == "__main__":
    sys.exit(main())
