"""From histories to figures, and from the figures of many seeds to their means with intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from deploy.simulate.group import History
from deploy.simulate.prices import dollars

Row = dict[str, Any]  # the figures of one run, with its study, case and seed
Summary = dict[tuple[str, str], dict[str, "Mean"]]  # by study and case


@dataclass(frozen=True)
class Mean:
    """Of several seeds: the mean, and how far to either side the true one lies with 95 % certainty (Student's t)."""

    mean: float
    margin: float


def figures(history: History) -> dict[str, float]:
    """Times to answer are from when a photo is in the queue until its chat has the answer, in seconds; `others` are without the flood."""
    times = sorted(took for _, took in history.answered)
    others = sorted(took for photo, took in history.answered if not photo.floods)
    return {
        "photos": len(times),
        "p50_s": percentile(times, 50),
        "p95_s": percentile(times, 95),
        "p99_s": percentile(times, 99),
        "others_p95_s": percentile(others, 95),
        "instance_hours": history.instance_hours,
        "dollars": dollars(history.instance_hours, history.processor_hours),
        "direction_changes": direction_changes([size for _, size in history.sizes]),
        "most_instances": max(size for _, size in history.sizes),
        "losses": history.losses,
    }


def direction_changes(sizes: Sequence[int]) -> int:
    """How often a group that grew began to shrink, or the other way round.

    >>> direction_changes([2, 3, 5, 4, 3, 6])
    2
    """
    ways = [after > before for before, after in pairwise(sizes) if after != before]
    return sum(way != other for way, other in pairwise(ways))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest rank of sorted values; infinite of nothing."""
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)] if ordered else math.inf


def summary(rows: Iterable[Row]) -> Summary:
    """The mean of each figure over the seeds, by study and case in the order of the rows."""
    by_case: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_case.setdefault((row["study"], row["case"]), []).append(row)
    labels = {"study", "case", "seed"}
    return {case: {name: mean([its[name] for its in found]) for name in found[0] if name not in labels} for case, found in by_case.items()}


def mean(values: Sequence[float]) -> Mean:
    """Raises ValueError for so few values that they have no interval."""
    if len(values) < 6:
        raise ValueError(f"{len(values)} values have no interval: take at least 6 seeds")
    spread = statistics.stdev(values) / math.sqrt(len(values))
    return Mean(statistics.fmean(values), spread * student(len(values) - 1))


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, by the series of Abramowitz and Stegun (26.7.5): within 0.01 from 5 degrees of freedom on."""
    z = 1.959964
    terms: tuple[float, ...] = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / float(freedom) ** power for power, term in enumerate(terms))
