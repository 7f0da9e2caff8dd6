"""The figures of the rehearsal of scaling, computed from its events alone.

Each event carries its `run`. What happened, at seconds since 1970: `sent`, `start`, `end` (key), `size` (desired), `reading`, `launched`
and `gone` (node). What was predicted, at seconds since the run's beginning: `predicted_answer` (seconds), `predicted_size` (desired).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks import events
from benchmarks.events import Event
from benchmarks.report import Bar
from benchmarks.speed_figures import percentile
from deploy.simulate import plot

MOST_APART = 0.30  # of the measured p95


@dataclass(frozen=True)
class Figures:
    """Medians of the runs; times from when a photo is sent until its task has ended, in seconds."""

    runs: int
    photos: int  # of all runs
    unanswered: int
    doubled: int
    predicted_p50_s: float
    measured_p50_s: float
    predicted_p95_s: float
    measured_p95_s: float
    apart: float  # of the measured p95
    predicted_most_instances: float
    measured_most_instances: float


def figures(found: Iterable[Event]) -> Figures:
    """From the events alone. Raises ValueError where there is no run."""
    runs: dict[int, list[Event]] = {}
    for event in found:
        runs.setdefault(event["run"], []).append(event)
    if not runs:
        raise ValueError("there is no run in these events")
    seen = [_of_run(its) for its in runs.values()]
    middle = {name: statistics.median(one[name] for one in seen) for name in seen[0]}
    sums = {name: int(sum(one[name] for one in seen)) for name in ("photos", "unanswered", "doubled")}
    apart = abs(middle["predicted_p95_s"] - middle["measured_p95_s"]) / middle["measured_p95_s"]
    return Figures(**{**middle, **sums, "runs": len(runs), "apart": apart})  # type: ignore[arg-type]  # counts are whole, medians of whole numbers may not be


def _of_run(its: list[Event]) -> dict[str, float]:
    sent = {event["key"]: event["t"] for event in events.of(its, "sent")}
    ended = {event["key"]: event["t"] for event in reversed(events.of(its, "end"))}  # the first, where there are two
    took = [ended[key] - at for key, at in sent.items() if key in ended]
    thought = [event["seconds"] for event in events.of(its, "predicted_answer")]
    return {
        "photos": len(sent),
        "unanswered": len(sent.keys() - ended.keys()),
        "doubled": len(events.of(its, "end")) - len(ended),
        "predicted_p50_s": percentile(thought, 50),
        "measured_p50_s": percentile(took, 50),
        "predicted_p95_s": percentile(thought, 95),
        "measured_p95_s": percentile(took, 95),
        "predicted_most_instances": max(event["desired"] for event in events.of(its, "predicted_size")),
        "measured_most_instances": max(event["desired"] for event in events.of(its, "size")),
    }


def bars(found: Figures) -> list[Bar]:
    seen = f"p95 predicted {found.predicted_p95_s:.1f} s, measured {found.measured_p95_s:.1f} s"
    return [
        Bar(f"{seen}: {found.apart:.0%} apart, at most {MOST_APART:.0%}", found.apart <= MOST_APART),
        Bar(f"{found.unanswered} of {found.photos} photos unanswered, 0", found.unanswered == 0),
        Bar(f"{found.doubled} tasks run twice, 0", found.doubled == 0),
    ]


def drawn(found: list[Event], run: int = 0) -> str:
    """Instances and photos on their way over time, measured and predicted, as SVG."""
    its = [event for event in found if event["run"] == run]
    began = events.of(its, "size")[0]["t"]
    thought = events.of(its, "predicted_answer")
    predicted = _on_their_way([event["t"] - event["seconds"] for event in thought], [event["t"] for event in thought])
    measured = _on_their_way(*([event["t"] - began for event in events.of(its, name)] for name in ("sent", "end")))
    sizes = {
        "measured": [(event["t"] - began, event["desired"]) for event in events.of(its, "size") if event["desired"]],
        "predicted": [(event["t"], event["desired"]) for event in events.of(its, "predicted_size")],
    }
    panels: list[plot.Panel] = [("instances", sizes), ("photos on their way", {"measured": measured, "predicted": predicted})]
    return plot.lines(panels, end=max(at for at, _ in measured), unit="s")


def _on_their_way(sent: list[float], ended: list[float]) -> list[tuple[float, float]]:
    steps, number = [(0.0, 0.0)], 0
    for at, more in sorted([*((at, 1) for at in sent), *((at, -1) for at in ended)]):
        number += more
        steps.append((at, float(number)))
    return steps
