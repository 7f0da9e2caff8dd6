"""`--autoscale=4,1` with the real detector under surges of photos: `make bench-surge`. None is to be lost or answered twice.

The whole service runs: the stand-in of Telegram, the site, the embedded AWS, and one worker with the demo model. Twenty chats send 200
photos at once, and the worker grows to four processes; when all are answered and 5 s are over, it shrinks to one. That is a cycle; 19
smaller surges follow, each sent as soon as the worker has shrunk, which is when a process that is being ended could be given work.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx
import psutil

from benchmarks import events, report
from benchmarks.events import Event, Log
from benchmarks.plot import steps
from benchmarks.report import Bar
from benchmarks.service import embedded_aws, start_site, start_worker
from benchmarks.subjects import ROOT
from benchmarks.workers import wait_until

CHATS = 20
MOST, LEAST = 4, 1  # processes
GROWN_WITHIN = 5.0  # seconds from the first photo of a surge
SHRUNK_WITHIN = 5.0  # seconds beyond the quiet that it waits for
PATIENCE = 180  # seconds for the answers of a surge
SAMPLE = ROOT / "sandbox/samples/emoji/zoo.jpg"


@dataclass(frozen=True)
class Plan:
    first: int = 200  # photos of the first surge
    photos: int = 40  # of each other
    cycles: int = 20
    quiet: float = 5.0  # seconds until the worker shrinks


@dataclass(frozen=True)
class Figures:
    photos: int
    lost: int  # without an answer
    doubled: int  # with more than one
    cycles: int  # up to more than one process and back to one
    most_processes: int
    grown_s: float  # the longest of all surges: from its first photo until there were more processes
    shrunk_s: float  # the longest: from the last answer of a surge until there was one process again


def run(plan: Plan, folder: Path) -> list[Event]:
    """The history: `sent` and `answered` of each photo, `processes` as they change, `surge` and `over` of each cycle."""
    asyncio.run(_run(plan, folder))
    return events.read(folder / "events.jsonl")


async def _run(plan: Plan, folder: Path) -> None:
    note = Log(folder / "events.jsonl")
    async with embedded_aws(folder) as (supervisor, setup):
        await start_site(supervisor, setup)
        pid = await start_worker(supervisor, setup, f"--autoscale={MOST},{LEAST}", AUTOSCALE_KEEPALIVE=str(plan.quiet))
        stop = threading.Event()
        watching = threading.Thread(target=_watch, args=(pid, note, stop))
        watching.start()
        try:
            with httpx.Client(base_url=setup.url(setup.ports.chat), trust_env=False, timeout=60) as stand_in:
                await asyncio.to_thread(_cycles, plan, stand_in, pid, note)
        finally:
            stop.set()
            watching.join()
            note.close()


def _watch(pid: int, note: Log, stop: threading.Event) -> None:
    """Write down how many processes the pool has, each time that it changes."""
    before = -1
    while not stop.wait(0.1):
        if (count := processes(pid)) != before:
            note("processes", count=count)
            before = count


def processes(pid: int) -> int:
    """The pool's processes of a worker, by its main one."""
    return len(psutil.Process(pid).children())


def _cycles(plan: Plan, stand_in: httpx.Client, pid: int, note: Log) -> None:
    chats = [int(stand_in.post("/control/chats", json={"type": "private", "name": f"Ada {n}"}).json()["id"]) for n in range(CHATS)]
    seen: Counter[tuple[int, int]] = Counter()
    stop = threading.Event()
    looking = threading.Thread(target=_look, args=(str(stand_in.base_url), chats, seen, note, stop))
    looking.start()
    try:
        sent = 0
        for cycle in range(plan.cycles):
            sent += _surge(stand_in, chats, plan.photos if cycle else plan.first, cycle, note)
            wait_until(lambda: len(seen) >= sent, seconds=PATIENCE)  # noqa: B023  # called here and now
            note("over", cycle=cycle)
            wait_until(lambda: processes(pid) <= LEAST, seconds=plan.quiet + 30)
            report.progress(f"cycle {cycle + 1} of {plan.cycles}: {len(seen)} of {sent} photos answered")
        time.sleep(plan.quiet)  # a second answer would come by now
    finally:
        stop.set()
        looking.join()


def _surge(stand_in: httpx.Client, chats: list[int], photos: int, cycle: int, note: Log) -> int:
    note("surge", cycle=cycle)
    photo = SAMPLE.read_bytes()
    for number in range(photos):
        chat = chats[number % len(chats)]
        made = stand_in.post(f"/control/chats/{chat}/photo", files={"photo": ("zoo.jpg", photo)}).raise_for_status().json()
        note("sent", chat=chat, message=int(made["message_id"]))
    return photos


def _look(stand_in: str, chats: list[int], seen: Counter[tuple[int, int]], note: Log, stop: threading.Event) -> None:
    """Look into the chats all the time, and write down each answer that is new; `seen` counts them by the message they answer."""
    after = dict.fromkeys(chats, 0)
    with httpx.Client(base_url=stand_in, trust_env=False, timeout=60) as client:
        while not stop.wait(0.2):
            for chat in chats:
                found = client.get(f"/control/chats/{chat}/messages", params={"after": after[chat]}).raise_for_status().json()["messages"]
                for message in found:
                    after[chat] = max(after[chat], int(message["message_id"]))
                    if message["from_bot"] and "reply_to_message" in message:
                        answered = int(message["reply_to_message"]["message_id"])
                        note("answered", chat=chat, message=answered)
                        seen[chat, answered] += 1


def figures(found: Iterable[Event]) -> Figures:
    """From the events alone. Raises ValueError where there is no whole surge."""
    history = list(found)
    surges, overs = events.of(history, "surge"), events.of(history, "over")
    if not overs:
        raise ValueError("the history has no event 'over': no surge came to its end")
    sent = {(e["chat"], e["message"]) for e in events.of(history, "sent")}
    answers = Counter((e["chat"], e["message"]) for e in events.of(history, "answered"))
    counts = [(e["t"], e["count"]) for e in events.of(history, "processes")]
    grown = [_first(counts, e["t"], lambda before, after: after > before) for e in surges]
    shrunk = [_first(counts, e["t"], lambda _, after: after == LEAST) for e in overs]
    return Figures(
        photos=len(sent),
        lost=len(sent - set(answers)),
        doubled=sum(times > 1 for times in answers.values()),
        cycles=sum(before > LEAST and after == LEAST for (_, before), (_, after) in pairwise(counts)),
        most_processes=max(count for _, count in counts),
        grown_s=max(grown),
        shrunk_s=max(shrunk),
    )


def _first(counts: list[tuple[float, int]], since: float, is_it: Callable[[int, int], bool]) -> float:
    """Seconds until the number of processes changed so for the first time; infinite where it never did."""
    changes = pairwise(counts)
    return next((at - since for (_, before), (at, after) in changes if at >= since and is_it(before, after)), float("inf"))


def bars(found: Figures, plan: Plan) -> list[Bar]:
    return [
        Bar(f"{found.lost} of {found.photos} photos lost, 0", found.lost == 0),
        Bar(f"{found.doubled} answered twice, 0", found.doubled == 0),
        Bar(f"{found.cycles} cycles of growing and shrinking, at least {plan.cycles}", found.cycles >= plan.cycles),
        Bar(f"{found.most_processes} processes at the most, {MOST}", found.most_processes == MOST),
        Bar(f"growing after {found.grown_s:.1f} s at the latest, less than {GROWN_WITHIN:g}", found.grown_s < GROWN_WITHIN),
        Bar(
            f"one process again {found.shrunk_s:.1f} s after the last answer at the latest, less than {plan.quiet + SHRUNK_WITHIN:g}",
            found.shrunk_s < plan.quiet + SHRUNK_WITHIN,
        ),
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, help="keep the events in this file")
    parser.add_argument("--figures", type=Path, help="run nothing: compute the figures from the events in this file")
    parser.add_argument("--plot", type=Path, help="draw the processes over time into this SVG file")
    parser.add_argument("--quick", action="store_true", help="two surges of 12 photos, to see that it runs; no bars")
    given = parser.parse_args(arguments)
    plan = Plan(first=12, photos=12, cycles=2, quiet=1.0) if given.quick else Plan()
    with tempfile.TemporaryDirectory(prefix="bench-surge-") as folder:
        found = events.read(given.figures) if given.figures else run(plan, Path(folder))
    if given.raw and not given.figures:
        given.raw.unlink(missing_ok=True)
        events.append(given.raw, found)
    if given.plot:
        given.plot.write_text(drawn(found))
    seen = figures(found)
    report.say(report.table(["", "seen"], list(vars(seen).items())))
    return report.finish(vars(seen), [] if given.quick else bars(seen, plan))


def drawn(found: list[Event]) -> str:
    """The processes and the photos that wait, over time, as SVG."""
    began = events.of(found, "surge")[0]["t"]
    waiting, number = [], 0
    for event in found:
        number += {"sent": 1, "answered": -1}.get(event["event"], 0)
        waiting.append((event["t"] - began, float(number)))
    counts = [(max(0.0, e["t"] - began), float(e["count"])) for e in events.of(found, "processes")]
    return steps([("processes", counts), ("photos waiting for their answer", waiting)], unit="s")


if __name__ == "__main__":
    sys.exit(main())
