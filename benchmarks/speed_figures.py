"""The figures of `make bench-queue`, computed from its events alone.

Each event carries the labels of its run: `subject`, `case`, `run`. A run's `window` event says from when to when it counts.
Cases: `noop-P` (P: prefetch), `busy-S` (S: seconds a task), `quiet`, `idle`.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.events import Event
from benchmarks.report import Bar
from benchmarks.subjects import LOOP, OLD_STOCK, OURS, STOCK

PROCESSES = 2
SERVER_SECONDS = 0.01  # what the server adds to each request
Figures = dict[str, dict[str, dict[str, Any]]]  # subject → case → name → median of its runs


def figures(events: Iterable[Event]) -> Figures:
    """The median over the runs of each subject and case, `quiet` excepted: its percentiles are over all runs' tasks together."""
    runs: dict[tuple[str, str], dict[int, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        runs[event["subject"], event["case"]][event["run"]].append(event)
    found: Figures = defaultdict(dict)
    for (subject, case), by_run in runs.items():
        found[subject][case] = (
            quiet([e for run in by_run.values() for e in run]) if case == "quiet" else medians([_of(case, run) for run in by_run.values()])
        )
    return dict(found)


def medians(runs: Sequence[dict[str, float]]) -> dict[str, Any]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]} | {"runs": len(runs)}


def _of(case: str, run: list[Event]) -> dict[str, float]:
    if case == "idle":
        return idle(run)
    return rate(run) if case.startswith("noop") else busy(run)


def rate(run: list[Event]) -> dict[str, float]:
    """Tasks a second and requests a task, of what ended in the window."""
    began, ended = _window(run)
    done = sum(1 for e in run if e["event"] == "end" and began <= e["t"] < ended)
    requests = sum(1 for e in run if e["event"] == "request" and began <= e["t"] < ended)
    return {"tasks_per_s": done / (ended - began), "requests_per_task": requests / done if done else math.inf}


def busy(run: list[Event]) -> dict[str, float]:
    """The share of the window in which a process was inside a task, over all processes."""
    began, ended = _window(run)
    starts: dict[tuple[str, int], float] = {}
    inside = 0.0
    for event in sorted(run, key=lambda e: e["t"]):
        if event["event"] == "start":
            starts[event["key"], event["pid"]] = event["t"]
        elif event["event"] == "end":
            inside += _overlap(starts.pop((event["key"], event["pid"])), event["t"], began, ended)
    inside += sum(_overlap(start, ended, began, ended) for start in starts.values())  # those that the end of the run cut off
    return {"busy_share": inside / (PROCESSES * (ended - began))}


def quiet(run: list[Event]) -> dict[str, Any]:
    """Milliseconds from before the call that sends a task until it starts."""
    sent = {(e["run"], e["key"]): e["t"] for e in run if e["event"] == "sending"}
    waits = [(e["t"] - sent[e["run"], e["key"]]) * 1000 for e in run if e["event"] == "start" and (e["run"], e["key"]) in sent]
    missing = len(sent) - len(waits)
    return {"p50_ms": percentile(waits, 50), "p99_ms": percentile(waits, 99), "samples": len(waits), "missing": missing}


def idle(run: list[Event]) -> dict[str, float]:
    """Requests an hour, percent of one core, and MB, of a worker that has nothing to do."""
    began, ended = _window(run)
    requests = sum(1 for e in run if e["event"] == "request" and began <= e["t"] < ended)
    [first, last] = sorted((e for e in run if e["event"] == "usage"), key=lambda e: e["t"])
    cpu = (last["cpu_s"] - first["cpu_s"]) / (last["t"] - first["t"]) * 100
    return {"requests_per_hour": requests * 3600 / (ended - began), "cpu_percent": cpu, "memory_mb": last["memory_bytes"] / 1e6}


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank; infinite of nothing."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)] if ordered else math.inf


def bars(found: Figures) -> list[Bar]:
    """What taskqueue has to hold, as far as it and who it is compared with were measured."""
    ours = found.get(OURS, {})
    held = [_noop(ours), *_quiet(ours)] + [bar for case in ours if case.startswith("busy-") for bar in _busy(found, case)]
    return [bar for bar in held if bar]


def _noop(ours: dict[str, dict[str, Any]]) -> Bar | None:
    if "noop-10" not in ours:
        return None
    seen = ours["noop-10"]["tasks_per_s"]
    return Bar(f"no-op tasks at prefetch 10: {seen:.0f}/s, at least 500", seen >= 500)


def _quiet(ours: dict[str, dict[str, Any]]) -> list[Bar]:
    if "quiet" not in ours:
        return []
    server, bars = SERVER_SECONDS * 1000, []
    for name, most in (("p50_ms", 25), ("p99_ms", 60)):
        seen = ours["quiet"][name]
        bars.append(
            Bar(
                f"send to start, {name.removesuffix('_ms')}: {seen:.0f} ms, at most {most} beyond the server's {server:.0f}",
                seen <= most + server,
            )
        )
    return [*bars, Bar(f"send to start: {ours['quiet']['missing']} tasks never started, 0", ours["quiet"]["missing"] == 0)]


def _busy(found: Figures, case: str) -> list[Bar]:
    seen = found[OURS][case]["busy_share"]
    shares = {name: found.get(name, {}).get(case, {}).get("busy_share") for name in (STOCK, OLD_STOCK, LOOP)}
    held = [
        Bar(f"{case}: {seen:.1%}, ahead of {name}'s {shares[name]:.1%}", seen > shares[name]) for name in (STOCK, OLD_STOCK) if shares[name]
    ]
    if loop := shares[LOOP]:
        held.append(Bar(f"{case}: {seen:.1%}, within 3 points of the loop's {loop:.1%}", seen >= loop - 0.03))
    if case == "busy-0.3":
        held.append(Bar(f"{case}: {seen:.1%}, at least 95 %", seen >= 0.95))
    return held


def _window(run: list[Event]) -> tuple[float, float]:
    [window] = [e for e in run if e["event"] == "window"]
    return window["began"], window["ended"]


def _overlap(start: float, end: float, began: float, ended: float) -> float:
    return max(min(end, ended) - max(start, began), 0.0)
