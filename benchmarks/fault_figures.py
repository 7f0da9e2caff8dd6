"""The rows of `make bench-faults`, computed from its events alone.

Each event carries the labels `fault` and `subject` of its row. Events of the server: sent, received, changed, revoked, deleted, buried.
Of the tasks: start, end. Of the driver: `put` (key, id, poison), `began` and `over` (of the fault), `struck` (a kill or a signal), `left`
(keys in the queue and in the dead-letter queue at the end, with the body that was sent), `exit` (a worker that ended by itself), `case`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from benchmarks.events import Event, of
from benchmarks.report import Bar
from benchmarks.subjects import OURS

Row = dict[str, Any]
RESUMED_SECONDS = 10
RESUMED_AFTER_HALF_OPEN = 30
SEEN_AGAIN_SECONDS = 35  # a killed node's work
DRAINED_SECONDS = 1


def rows(events: Iterable[Event]) -> list[Row]:
    """One row for each fault and subject, in the order in which they came."""
    by_row: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        by_row[event["fault"], event["subject"]].append(event)
    return [{"fault": fault, "subject": subject, **row(sorted(run, key=lambda e: e["t"]))} for (fault, subject), run in by_row.items()]


def row(run: list[Event]) -> Row:
    """`resumed_s` and `visible_s` are None where the fault has no such thing, or where it never came: see `resumed` and `held`."""
    ended = [e for e in run if e["event"] == "exit"]
    return {
        "lost": len(lost(run)),
        "run_twice": run_twice(run),
        "resumed_s": resumed(run),
        "visible_s": visible(run),
        "dead_letters": dead_letters(run),
        "ended": ended[-1]["code"] if ended else None,
        **_also(run),
    }


def _also(run: list[Event]) -> dict[str, str]:
    """Which bars apply, how it was done, what a sender was told, why it could not be played; each where there is such a thing."""
    facts = [(name, value) for e in run if e["event"] in ("case", "said", "failed") for name, value in e.items()]
    return {name: value for name, value in facts if name in ("expects", "how", "said", "failed") and value}


def lost(run: list[Event]) -> set[str]:
    """Keys of good tasks that neither ended nor wait in the queue, or are dead letters; and of poison that is in neither queue."""
    ended = {e["key"] for e in of(run, "end")}
    [left] = of(run, "left")
    waiting, dead = set(left["queue"]), set(left["dead"])
    good = {put["key"] for put in of(run, "put") if not put["poison"]}
    bad = {put["key"] for put in of(run, "put") if put["poison"]}
    return (good - ended - waiting) | (good & dead) | (bad - dead - waiting)


def dead_letters(run: list[Event]) -> int | None:
    """How much of the poison is a dead letter at the end; None where there was none."""
    bad = {put["key"] for put in of(run, "put") if put["poison"]}
    return len(bad & set(of(run, "left")[0]["dead"])) if bad else None


def run_twice(run: list[Event]) -> int:
    """How many tasks came to their end more than once."""
    ends: dict[str, int] = defaultdict(int)
    for event in of(run, "end"):
        ends[event["key"]] += 1
    return sum(1 for count in ends.values() if count > 1)


def resumed(run: list[Event]) -> float | None:
    """Seconds from the fault's end until a task starts that was received after it (by the node that the fault was about, if one)."""
    over = of(run, "over")
    if not over:
        return None
    began, node = over[-1]["t"], over[-1].get("node")
    keys = {put["id"]: put["key"] for put in of(run, "put") if not put["poison"]}
    received = {keys[name] for e in of(run, "received") if e["t"] >= began for name in e["ids"] if name in keys}
    starts = [e["t"] for e in of(run, "start") if e["t"] >= began and e["key"] in received and (node is None or e["node"] == node)]
    return min(starts) - began if starts else None


def visible(run: list[Event]) -> float | None:
    """Seconds from the blow until others could receive the last of the messages held then; what was deleted does not count."""
    struck = of(run, "struck")
    if not struck:
        return None
    at = struck[-1]["t"]
    open_since: dict[int, float | None] = {}
    for event in run:
        for copy, until in _held(event):
            open_since[copy] = _after(open_since.get(copy), event, until=until, at=at)
    times = [until for until in open_since.values() if until is not None and until > at]
    return max(times) - at if times else None


def _held(event: Event) -> list[tuple[int, float | None]]:
    """Which copies of messages an event hides, and until when; None: gone for good."""
    match event["event"]:
        case "received":
            return [(copy, event["until"]) for copy in event["copies"]]
        case "changed":
            return [(event["copy"], event["until"])]
        case "deleted" | "buried":
            return [(event["copy"], None)]
        case "revoked":
            return [(copy, event["t"]) for copy in event["copies"]]
    return []


def _after(known: float | None, event: Event, *, until: float | None, at: float) -> float | None:
    """Until when the holder of the time of the blow hides a message, after one more event."""
    if event["t"] <= at:
        return until
    if known is None or event["event"] == "received" or known <= event["t"]:
        return known  # not held at the blow, or free again before this event
    return until


def bars(found: Iterable[Row]) -> list[Bar]:
    """What taskqueue has to hold, row by row."""
    return [bar for row in found if row["subject"] == OURS for bar in _bars(row)]


def _bars(row: Row) -> list[Bar]:
    held, name = [Bar(f"{row['fault']}: {row['lost']} lost, 0", row["lost"] == 0)], row["fault"]
    if row["dead_letters"] is not None:
        held.append(Bar(f"{name}: {row['dead_letters']} in the dead-letter queue, 1", row["dead_letters"] == 1))
    if "failed" in row:
        held.append(Bar(f"{name}: it could not be played", held=False))
    return held + [_expected(row, expected) for expected in row.get("expects", "").split(", ") if expected]


def _expected(row: Row, expected: str) -> Bar:
    """The bar of one word of `expects`."""
    name = row["fault"]
    match expected:
        case "resumed":
            most = RESUMED_AFTER_HALF_OPEN if name.startswith("half-open") else RESUMED_SECONDS
            return _at_most(f"{name}: resumed", row["resumed_s"], most)
        case "seen again":
            return _at_most(f"{name}: seen again", row["visible_s"], SEEN_AGAIN_SECONDS)
        case "drained":
            return _at_most(f"{name}: visible to others", row["visible_s"], DRAINED_SECONDS)
        case "run once":
            return Bar(f"{name}: {row['run_twice']} run twice, 0", row["run_twice"] == 0)
    raise ValueError(f"no bar is called {expected!r}: resumed, seen again, drained or run once")


def _at_most(text: str, seen: float | None, most: float) -> Bar:
    value = "never" if seen is None else f"after {seen:.1f} s"
    return Bar(f"{text} {value}, at most {most} s", seen is not None and seen <= most)
