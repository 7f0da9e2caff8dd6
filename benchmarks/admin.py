"""What the admin's pages take with 1,000 and with 100,000 predictions: `make bench-admin`. Neither requests nor read units may grow.

The pages are asked through Django's own views. The emulator reads its whole table for a query, and on this machine's processors, so its
time is measured apart, from the moment a request is handed over until its answer is there; what is left is the service's own.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import events, report
from benchmarks.events import Event
from benchmarks.report import Bar
from benchmarks.service import embedded_aws
from benchmarks.speed_figures import percentile
from benchmarks.subjects import ROOT
from sandbox import environment, programs

MOST_OWN_MS = 300.0
MOST_GROWTH = 1.05  # of read units: the small table may end before a page that reads to its bound has read ahead as far as it would


@dataclass(frozen=True)
class Plan:
    small: int = 1_000
    large: int = 100_000
    visits: int = 30


@dataclass(frozen=True)
class Row:
    """A page, with so many predictions in the table."""

    page: str
    predictions: int
    visits: int
    p95_ms: float
    emulator_ms: float  # the median of its part in a visit
    own_ms: float  # the p95 of what is left of a visit without that part
    cpu_ms: float  # the median of what our process worked, whatever else the machine did
    requests: int  # to DynamoDB: the most of any visit
    read_units: float  # the most of any visit


def run(plan: Plan, folder: Path) -> list[Event]:
    """The events: `visit` (ms, cpu_ms), `sent` (since, until) and `read` (operation, units), each with its page, predictions and visit."""
    asyncio.run(_run(plan, folder))
    return events.read(folder / "events.jsonl")


async def _run(plan: Plan, folder: Path) -> None:
    async with embedded_aws(folder) as (supervisor, setup):
        await supervisor.run(programs.migrate(setup), quiet=True)
        sizes = ["--predictions", str(plan.small), str(plan.large), "--visits", str(plan.visits)]
        line = [sys.executable, "-m", "benchmarks.admin_visits", str(folder / "events.jsonl"), *sizes]
        told = environment.site(setup) | {"DJANGO_SETTINGS_MODULE": "polysite.settings"}
        await asyncio.to_thread(subprocess.run, line, cwd=ROOT, env=told, check=True)


def figures(found: Iterable[Event]) -> list[Row]:
    """From the events alone, warm-ups left out. Raises ValueError where there are none."""
    counted = [event for event in found if event.get("page") and event["visit"] >= 0]
    if not counted:
        raise ValueError("no page was visited: the events were cut short, and prove nothing")
    places = dict.fromkeys((event["page"], event["predictions"]) for event in counted)
    return [_row(page, size, events.of(counted, "visit", page=page, predictions=size), counted) for page, size in places]


def _row(page: str, predictions: int, visits: list[Event], counted: list[Event]) -> Row:
    its: list[list[Event]] = [
        [e for e in counted if (e["page"], e["predictions"], e["visit"]) == (page, predictions, v["visit"])] for v in visits
    ]
    emulator = [1000 * covered([(e["since"], e["until"]) for e in events.of(one, "sent")]) for one in its]
    return Row(
        page=page,
        predictions=predictions,
        visits=len(visits),
        p95_ms=percentile([visit["ms"] for visit in visits], 95),
        emulator_ms=statistics.median(emulator),
        own_ms=percentile([visit["ms"] - part for visit, part in zip(visits, emulator, strict=True)], 95),
        cpu_ms=statistics.median(visit["cpu_ms"] for visit in visits),
        requests=max(len(events.of(one, "sent")) for one in its),
        read_units=max(sum(e["units"] for e in events.of(one, "read")) for one in its),
    )


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """How long at least one of these was going on: requests that a page makes at once are waited for once.

    >>> covered([(0, 2), (1, 3), (5, 6)])
    4.0
    """
    length = end = 0.0
    for since, until in sorted(spans):
        length += max(0, until - max(since, end))
        end = max(end, until)
    return length


def bars(rows: list[Row]) -> list[Bar]:
    """What every page has to hold, at the size that it has to hold it."""
    least, most = min(row.predictions for row in rows), max(row.predictions for row in rows)
    small, large = ({row.page: row for row in rows if row.predictions == size} for size in (least, most))
    return [bar for page, row in large.items() for bar in _bars_of(small[page], row)]


def _bars_of(small: Row, large: Row) -> list[Bar]:
    return [
        Bar(f"{large.page}: {large.own_ms:.0f} ms p95 beside the emulator's, at most {MOST_OWN_MS:.0f}", large.own_ms <= MOST_OWN_MS),
        Bar(f"{large.page}: {large.requests} requests, no more than {small.requests}", large.requests <= small.requests),
        Bar(
            f"{large.page}: {large.read_units:g} read units, no more than {small.read_units:g} and {MOST_GROWTH - 1:.0%}",
            large.read_units <= small.read_units * MOST_GROWTH,
        ),
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, help="keep the events in this file")
    parser.add_argument("--figures", type=Path, help="run nothing: compute the figures from the events in this file")
    parser.add_argument("--quick", action="store_true", help="60 and 200 predictions and 2 visits, to see that it runs; no bars")
    given = parser.parse_args(arguments)
    plan = Plan(small=60, large=200, visits=2) if given.quick else Plan()
    with tempfile.TemporaryDirectory(prefix="bench-admin-") as folder:
        found = events.read(given.figures) if given.figures else run(plan, Path(folder))
    if given.raw and not given.figures:
        given.raw.unlink(missing_ok=True)
        events.append(given.raw, found)
    rows = figures(found)
    shown = ["page", "predictions", "visits", "p95 ms", "emulator ms", "own p95 ms", "CPU ms", "requests", "read units"]
    report.say(report.table(shown, [list(asdict(row).values()) for row in rows]))
    return report.finish({"pages": [asdict(row) for row in rows]}, [] if given.quick else bars(rows))


if __name__ == "__main__":
    sys.exit(main())
