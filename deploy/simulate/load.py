"""What comes in: photos with their times, and how long each is worked on. All of it follows from a seed, for every policy the same."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

RECORD = Path(__file__).with_name("service_times.json")


class Photo(NamedTuple):
    at: float  # seconds from the beginning until it is in the queue
    computing: float  # seconds on a processor
    waiting: float  # seconds in which its process waits for S3, DynamoDB and the site
    floods: bool = False  # it is of the chat that floods


@dataclass(frozen=True)
class Work:
    """How long a photo takes: a recorded time on the processor, `slower` times as long, and a time of waiting around `waiting`.

    Both factors are assumptions: no EC2 instance and no Telegram were there to measure. The waiting is log-normal with a sigma of 0.5.
    """

    recorded: tuple[float, ...]
    slower: float = 2.0
    waiting: float = 0.4

    @property
    def computing(self) -> float:
        """Mean seconds on the processor."""
        return self.slower * sum(self.recorded) / len(self.recorded)

    @property
    def seconds(self) -> float:
        """Mean seconds that a photo holds a process which has a processor for itself."""
        return self.computing + self.waiting

    def drawn(self, chance: random.Random) -> tuple[float, float]:
        computing = self.slower * chance.choice(self.recorded)
        if not self.waiting:
            return computing, 0.0
        return computing, chance.lognormvariate(math.log(self.waiting) - 0.125, 0.5)  # of which the mean is `waiting`


def record() -> dict[str, Any]:
    """What benchmarks/service_times.py has measured: `seconds`, and with what."""
    found: dict[str, Any] = json.loads(RECORD.read_text())
    return found


def measured() -> Work:
    return Work(tuple(record()["seconds"]))


@dataclass(frozen=True)
class Scenario:
    """`rate` gives photos a second at a time; `flood` is what one chat sends: since when, how many, how many a second."""

    name: str
    about: str
    seconds: float
    peak: float  # the highest rate, a flood included
    rate: Callable[[float], float]
    flood: tuple[float, int, float] | None = None

    def photos(self, seed: int, work: Work) -> list[Photo]:
        """In the order of their times: a Poisson process of the rate, and the flood's in equal steps."""
        chance = random.Random(f"{self.name} {seed}")  # noqa: S311  # a simulation keeps no secrets
        found = [Photo(at, *work.drawn(chance)) for at in self._arrivals(chance)]
        if self.flood:
            since, count, rate = self.flood
            found += [Photo(since + number / rate, *work.drawn(chance), floods=True) for number in range(count)]
            found.sort()
        return found

    def _arrivals(self, chance: random.Random) -> Iterator[float]:
        """Thinned: as many as at the highest rate, of which each stays with the chance that the rate of its time gives."""
        at, most = chance.expovariate(self.peak), self.peak
        while at < self.seconds:
            if chance.random() * most < self.rate(at):
                yield at
            at += chance.expovariate(most)


def steady(rate: float, seconds: float) -> Scenario:
    return Scenario("steady", f"{rate:g} photos a second", seconds, rate, lambda _: rate)


def diurnal(least: float, most: float) -> Scenario:
    return replace(wave(least, most, every=86_400), name="diurnal", about=f"a day between {least:g} and {most:g} photos a second")


def wave(least: float, most: float, *, every: float) -> Scenario:
    """Once from the least to the most and back, in so many seconds."""

    def rate(at: float) -> float:
        return least + (most - least) * (1 - math.cos(2 * math.pi * at / every)) / 2

    return Scenario("wave", f"{least:g} to {most:g} photos a second and back in {every / 60:g} minutes", every, most, rate)


def burst(usual: float, most: float, *, begins: tuple[float, ...], lasts: float, seconds: float) -> Scenario:
    def rate(at: float) -> float:
        return most if any(begin <= at < begin + lasts for begin in begins) else usual

    about = f"{usual:g} photos a second, and {len(begins)} × {lasts / 60:g} minutes of {most:g}"
    return Scenario("burst", about, seconds, most, rate)


def flood(usual: float, *, begins: float, photos: int, rate: float, seconds: float) -> Scenario:
    about = f"{usual:g} photos a second of many chats, and {photos:,} of one chat, {rate:g} a second"
    return Scenario("flood", about, seconds, usual + rate, lambda _: usual, (begins, photos, rate))


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        steady(10, 2 * 3600),
        diurnal(1, 10),
        burst(2, 30, begins=(1800, 5400), lasts=600, seconds=9000),
        flood(3, begins=1200, photos=10_000, rate=20, seconds=7200),
    )
}
