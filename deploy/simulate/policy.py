"""How an Auto Scaling group follows its target-tracking policies: from what CloudWatch read to how many instances are wanted. Pure.

The simulation and the rehearsal with real processes (benchmarks/scaling.py) both decide with this. AWS publishes no formula. Modelled here
is what its documentation says and what is widely observed:

- an alarm above the target looks at 3 periods of 60 s, one below 0.9 of the target at 15;
- out: as many instances as bring the metric to its target if it is shared by all of them, and never fewer than there are;
- in: only where every policy agrees and no instance warms up, and gradually: one instance a period (an assumption);
- of several policies the largest capacity wins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

OUT_PERIODS = 3
IN_PERIODS = 15
IN_SHARE = 0.9  # of the target; 0.7 is observed too


@dataclass(frozen=True)
class Reading:
    """One period of the group. `cpu` and `busy` are means of the warm instances in percent, None where none is warm."""

    cpu: float | None
    busy: float | None  # of the workers' processes: the time in which they hold a photo (the metric BusyShare)
    backlog: int  # photos in the queues that no worker holds, at the period's end
    in_service: int


@dataclass(frozen=True)
class Target:
    """A target-tracking policy: percent of CPU, percent of busy processes, or photos that wait for each instance in service."""

    metric: Literal["cpu", "busy", "backlog"]
    value: float


@dataclass(frozen=True)
class Group:
    desired: int
    is_warming: bool  # an instance was launched less than the warm-up ago
    least: int
    most: int


def decide(targets: Sequence[Target], readings: Sequence[Reading], group: Group) -> int:
    """The group's next desired capacity; `readings` are in order, the latest last. Without targets it stays as it is."""
    wanted = [_share(target, readings[-1]) for target in targets if _is_above(target, readings)]
    if wanted:
        return _within(max(group.desired, *wanted), group)
    may_shrink = bool(targets) and not group.is_warming and all(_is_below(target, readings) for target in targets)
    if may_shrink and max(_share(target, readings[-1]) for target in targets) < group.desired:
        return _within(group.desired - 1, group)
    return _within(group.desired, group)


def seen(target: Target, reading: Reading) -> float | None:
    """The metric that the target is about. The backlog is each instance's; without any in service, that of one."""
    if target.metric == "backlog":
        return reading.backlog / max(1, reading.in_service)
    return reading.cpu if target.metric == "cpu" else reading.busy


def _is_above(target: Target, readings: Sequence[Reading]) -> bool:
    values = [seen(target, reading) for reading in readings[-OUT_PERIODS:]]
    return len(values) == OUT_PERIODS and all(value is not None and value > target.value for value in values)


def _is_below(target: Target, readings: Sequence[Reading]) -> bool:
    values = [seen(target, reading) for reading in readings[-IN_PERIODS:]]
    return len(values) == IN_PERIODS and all(value is not None and value < IN_SHARE * target.value for value in values)


def _share(target: Target, reading: Reading) -> int:
    """How many instances bring the metric to its target."""
    value = seen(target, reading) or 0.0
    # Rounded: 3 × 60 / 60 is to be 3, not the next number above 3.0000000000000004.
    return math.ceil(round(max(1, reading.in_service) * value / target.value, 9))


def _within(wanted: int, group: Group) -> int:
    return min(max(wanted, group.least), group.most)
