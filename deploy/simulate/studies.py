"""What is asked of the simulation: cases, each a load, a fleet and its policies, gathered in studies."""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

from deploy.simulate.figures import Row, figures
from deploy.simulate.group import Fleet, History
from deploy.simulate.load import SCENARIOS, Photo, Scenario, Work, burst, measured, steady, wave
from deploy.simulate.policy import Target
from deploy.simulate.world import simulate

CPU, BUSY = Target("cpu", 60), Target("busy", 60)
BACKLOG = 200  # photos that wait for each instance of twelve processes: the default that docs/scaling.md argues for

TWO = Fleet()  # a process for each processor, as Celery does by itself
TWELVE = Fleet(processes=12)  # while most of them wait for the site
# Six times as much as for two processes, since twelve do about six times as much.
LARGE = {
    "steady": steady(60, 3600),
    "wave": wave(10, 100, every=5400),
    "burst": burst(12, 180, begins=(900,), lasts=600, seconds=5400),
}
RATES = (1, 10, 30, 1000)


@dataclass(frozen=True)
class Case:
    study: str
    name: str
    scenario: Scenario
    fleet: Fleet
    targets: tuple[Target, ...] = (CPU, Target("backlog", BACKLOG))
    work: Work | None = None  # none: as it was measured

    def photos(self, seed: int) -> list[Photo]:
        return self.scenario.photos(seed, self.work or measured())

    def history(self, photos: Sequence[Photo], seed: int) -> History:
        first = enough(self.scenario.rate(0), self.fleet, self.work or measured())  # the load was there before
        fleet = replace(self.fleet, first=min(first, self.fleet.most))
        return simulate(fleet, self.targets, photos, seed=seed, seconds=self.scenario.seconds)


def policies(backlog: float) -> dict[str, tuple[Target, ...]]:
    waits = Target("backlog", backlog)
    return {"none": (), "CPU": (CPU,), "backlog": (waits,), "both": (CPU, waits), "busy and backlog": (BUSY, waits)}


def enough(rate: float, fleet: Fleet, work: Work) -> int:
    """Instances that keep four fifths of their processes, and of their processors, busy at this rate."""
    return math.ceil(rate / 0.8 * max(work.seconds / fleet.processes, work.computing / fleet.processors))


@cache
def cases() -> tuple[Case, ...]:
    return (*_compared("2 processes", SCENARIOS, TWO, 40), *_compared("12 processes", LARGE, TWELVE, BACKLOG), *_varied(), *_rates())


def _compared(study: str, scenarios: dict[str, Scenario], fleet: Fleet, backlog: float) -> Iterator[Case]:
    for name, scenario in scenarios.items():
        fixed = enough(scenario.peak, fleet, measured())
        for policy, targets in policies(backlog).items():
            chosen = fleet if targets else replace(fleet, least=fixed, most=fixed)
            yield Case(study, f"{name}: {policy}", scenario, chosen, targets)


def _varied() -> Iterator[Case]:
    """Each with both policies, and with twelve processes where nothing else is said; one thing is different."""
    large, work = LARGE["burst"], measured()
    for backlog in (10, 25, 50, 100, 200, 400, 800):
        yield Case("target backlog", f"{backlog}", LARGE["wave"], TWELVE, (CPU, Target("backlog", backlog)))
    for most in (5, 10, 20, 40):
        yield Case("most instances", f"{most}", large, replace(TWELVE, most=most))
    for least in (1, 2, 4, 8):
        yield Case("least instances", f"{least}", large, replace(TWELVE, least=least))
    for boot in (45, 90, 180):
        yield Case("boot", f"{boot} s", SCENARIOS["burst"], replace(TWO, boot=boot, warm_up=boot + 30), (CPU, Target("backlog", 40)))
    for losses in (0.0, 0.5, 2.0):
        yield Case("spot losses", f"{losses:g} an hour", LARGE["steady"], replace(TWELVE, losses=losses))
    for slower, waiting in ((2, 0.4), (1, 0.4), (4, 0.4), (2, 0.2), (2, 0.8)):
        about = f"{slower} × the time, waiting {waiting:g} s"
        yield Case("assumptions", about, large, TWELVE, work=replace(work, slower=slower, waiting=waiting))


def _rates() -> Iterator[Case]:
    for rate in RATES:
        load = steady(rate, 600)
        size = max(TWELVE.least, enough(rate, TWELVE, measured()))
        yield Case("rates", f"{rate:,} a second", load, replace(TWELVE, least=size, most=2 * size))


def run(seeds: int, *, studies: Collection[str] = ()) -> Iterator[list[Row]]:
    """The rows of these studies, or of all: a load with all its cases at a time, on all of this machine's processors."""
    loads: dict[tuple[Scenario, Work | None], list[int]] = {}
    for number, case in enumerate(cases()):
        if not studies or case.study in studies:
            loads.setdefault((case.scenario, case.work), []).append(number)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        for numbers in loads.values():
            yield [row for rows in pool.map(_rows, [numbers] * seeds, range(seeds)) for row in rows]


def _rows(numbers: Sequence[int], seed: int) -> list[Row]:
    """Of cases with the same load, whose photos are made once: that takes as long as one simulation of them."""
    chosen = [cases()[number] for number in numbers]
    photos = chosen[0].photos(seed)
    return [{"study": case.study, "case": case.name, "seed": seed, **figures(case.history(photos, seed))} for case in chosen]
