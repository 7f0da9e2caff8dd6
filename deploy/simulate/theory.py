"""Erlang C: what a queue with a fixed number of processes must do, from a formula. The simulation is checked against it."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from deploy.simulate.figures import Mean, mean
from deploy.simulate.group import Fleet
from deploy.simulate.load import Photo
from deploy.simulate.world import simulate

WARM_UP = 0.1  # the share of photos that is not counted, since the simulation begins empty


@dataclass(frozen=True)
class Queue:
    """Poisson arrivals, exponential times of work. Raises ValueError where more comes than the servers can do."""

    rate: float  # arrivals a second
    seconds: float  # mean time of work
    servers: int

    def __post_init__(self) -> None:
        if self.rate * self.seconds >= self.servers:
            raise ValueError(f"{self.rate:g}/s of {self.seconds:g} s each never get done by {self.servers} servers: take more than that")

    @property
    def waits(self) -> float:
        """The share that waits at all."""
        load, blocked = self.rate * self.seconds, 1.0  # Erlang B by its recursion, which no factorial overflows
        for server in range(1, self.servers + 1):
            blocked = load * blocked / (server + load * blocked)
        return blocked / (1 - load / self.servers * (1 - blocked))

    @property
    def spare(self) -> float:
        """By how much more the servers could do, a second."""
        return self.servers / self.seconds - self.rate

    @property
    def mean_wait(self) -> float:
        return self.waits / self.spare

    def wait(self, percent: float) -> float:
        """The percentile of the wait, in seconds.

        >>> round(Queue(rate=0.8, seconds=1, servers=1).wait(95), 2)  # by hand: ln(0.8 / 0.05) / 0.2
        13.86
        """
        return max(0.0, math.log(self.waits / (1 - percent / 100)) / self.spare)


@dataclass(frozen=True)
class Check:
    what: str
    theory: float
    simulated: Mean

    @property
    def holds(self) -> bool:
        """Within 5 %, or within twice the interval where that is wider."""
        return abs(self.simulated.mean - self.theory) <= max(0.05 * self.theory, 2 * self.simulated.margin)


def checks(queue: Queue, *, seeds: int, photos: int = 20_000) -> list[Check]:
    """The same queue simulated, with two servers an instance; `photos` of each seed. Raises ValueError for an odd number of servers."""
    if queue.servers % 2:
        raise ValueError(f"{queue.servers} servers are not whole instances of two: take an even number")
    runs = [_waits(queue, seed, photos) for seed in range(seeds)]
    return [
        Check("share that waits", queue.waits, mean([sum(wait > 0 for wait in its) / len(its) for its in runs])),
        Check("mean wait, s", queue.mean_wait, mean([sum(its) / len(its) for its in runs])),
        Check("p95 of the wait, s", queue.wait(95), mean([its[int(0.95 * len(its))] for its in runs])),
    ]


def _waits(queue: Queue, seed: int, count: int) -> list[float]:
    """In order of their length."""
    chance, at, photos = random.Random(f"theory {seed}"), 0.0, list[Photo]()  # noqa: S311  # a simulation keeps no secrets
    for _ in range(count):
        at += chance.expovariate(queue.rate)
        photos.append(Photo(at, chance.expovariate(1 / queue.seconds), 0.0))
    size = queue.servers // 2
    history = simulate(Fleet(least=size, most=size, processes=2, processors=2), (), photos, seed=seed)
    first = photos[int(WARM_UP * count)].at
    # What is left of a difference of two floats is no wait.
    return sorted(max(0.0, round(took - photo.computing, 9)) for photo, took in history.answered if photo.at >= first)
