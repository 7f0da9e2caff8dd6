"""Events in the order of their times: photos come, processes take and answer them, periods end, instances come and go."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from deploy.simulate import group
from deploy.simulate.group import Fleet, History, Instance
from deploy.simulate.load import Photo
from deploy.simulate.policy import Group, Reading, Target, decide

BULK = 3  # open photos of a chat from which on its next one goes to the queue that is read last (the product's BULK_THRESHOLD)


def simulate(fleet: Fleet, targets: Sequence[Target], photos: Sequence[Photo], *, seed: int, seconds: float = 0.0) -> History:
    """Until the last photo is answered and `seconds` are over. The first instances are in service and warm."""
    return _World(fleet, targets, photos, seed).run(seconds)


class _World:
    def __init__(self, fleet: Fleet, targets: Sequence[Target], photos: Sequence[Photo], seed: int) -> None:
        self.fleet, self.targets, self.photos = fleet, targets, photos
        self.chance = random.Random(f"world {seed}")  # noqa: S311  # a simulation keeps no secrets
        self.now = 0.0
        self.desired = max(fleet.least, fleet.first)
        self.history = History(sizes=[(0.0, self.desired)])
        self.instances: list[Instance] = []
        self.here: list[Instance] = []  # those that are not gone
        self.free: deque[Instance] = deque()  # each that has a free process once; those that leave are dropped when they are met
        self.waiting: deque[Photo] = deque()
        self.bulk: deque[Photo] = deque()
        self.open_of_flood = 0
        self._events: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._numbers = count()

    def run(self, seconds: float) -> History:
        for _ in range(self.desired):
            self._in_service(self._launched(-self.fleet.warm_up))
        self._later(self.fleet.period, self._measured, None)
        todo, events = len(self.photos), self._events
        coming = iter(self.photos)
        arriving = next(coming, None)
        while len(self.history.answered) < todo or self.now < seconds:
            if arriving is not None and arriving.at <= events[0][0]:
                self.now = arriving.at
                self._arrived(arriving)
                arriving = next(coming, None)
            else:
                self.now, _, happens, what = heapq.heappop(events)
                happens(what)
        return self._ended()

    def _later(self, seconds: float, happens: Callable[[Any], None], what: Any) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), happens, what))

    def _arrived(self, photo: Photo) -> None:
        is_bulk = photo.floods and self.open_of_flood >= BULK
        self.open_of_flood += photo.floods
        (self.bulk if is_bulk else self.waiting).append(photo)
        self._hand_out()

    def _hand_out(self) -> None:
        while (self.waiting or self.bulk) and self.free:
            one = self.free.popleft()
            if one.leaves:
                continue
            one.hold(1, self.now)
            if one.free:
                self.free.append(one)
            self._taken(one, (self.waiting or self.bulk).popleft())

    def _taken(self, one: Instance, photo: Photo) -> None:
        if one.computing < self.fleet.processors:
            one.compute(1, self.now)
            self._later(photo.computing, self._computed, (one, photo))
        else:
            one.queued.append(photo)

    def _computed(self, both: tuple[Instance, Photo]) -> None:
        one, photo = both
        self._later(photo.waiting, self._answered, both)
        one.compute(-1, self.now)
        if one.queued:
            self._taken(one, one.queued.popleft())

    def _answered(self, both: tuple[Instance, Photo]) -> None:
        one, photo = both
        self.open_of_flood -= photo.floods
        self.history.answered.append((photo, self.now - photo.at))
        one.hold(-1, self.now)
        if one.leaves:
            self._go_if_idle(one)
        else:
            if one.free == 1:
                self.free.append(one)
            self._hand_out()

    def _measured(self, _: None) -> None:
        serving = [one for one in self.here if not one.boots and not one.goes]
        used = [(one, one.since_mark(self.now)) for one in serving]
        warm = [both for one, both in used if self.now - one.launched >= self.fleet.warm_up]
        share = 100 / (len(warm) * self.fleet.period) if warm else 0.0
        cpu = share * sum(computed for computed, _ in warm) / self.fleet.processors if warm else None
        busy = share * sum(held for _, held in warm) / self.fleet.processes if warm else None
        self.history.readings.append((self.now, Reading(cpu, busy, len(self.waiting) + len(self.bulk), len(serving))))
        self._scale()
        self._later(self.fleet.period, self._measured, None)

    def _scale(self) -> None:
        fleet, there = self.fleet, len(self.history.readings) - self.fleet.late
        readings = [reading for _, reading in self.history.readings[max(0, there - 15) : there]]
        if not readings:
            return
        is_warming = any(self.now - one.launched < fleet.warm_up for one in self.here if not one.goes)
        wanted = decide(self.targets, readings, Group(self.desired, is_warming, fleet.least, fleet.most))
        if wanted != self.desired:
            self.desired = wanted
            self.history.sizes.append((self.now, wanted))
            self._balance()

    def _balance(self) -> None:
        """Launch what is missing, and send away what is too many: the oldest first."""
        staying = [one for one in self.here if not one.goes]
        for _ in range(self.desired - len(staying)):
            self._later(self.fleet.boot, self._in_service, self._launched(self.now))
        for one in staying[: max(0, len(staying) - self.desired)]:
            one.goes = True  # it hears of that at its next look; until then it takes work
            self._later(self.chance.uniform(0, self.fleet.look), self._told_to_go, one)

    def _launched(self, at: float) -> Instance:
        one = Instance(launched=at, free=self.fleet.processes)
        self.instances.append(one)
        self.here.append(one)
        if self.fleet.losses:
            self._later(self.chance.expovariate(self.fleet.losses / 3600), self._noticed, one)
        return one

    def _in_service(self, one: Instance) -> None:
        if not one.leaves:
            one.boots = False
            one.since_mark(self.now)
            self.free.append(one)
            self._hand_out()

    def _noticed(self, one: Instance) -> None:
        """A spot instance has a notice: it drains at once, and the group replaces it when it is gone."""
        if not one.leaves:
            self.history.losses += 1
            one.leaves = True
            self._later(self.fleet.notice, self._gone, one)

    def _told_to_go(self, one: Instance) -> None:
        one.leaves = True
        self._go_if_idle(one)

    def _go_if_idle(self, one: Instance) -> None:
        """The group waits for the drain, by its lifecycle hook. A spot instance that is lost stays until its notice is over."""
        if one.goes and one.free == self.fleet.processes:
            self._gone(one)

    def _gone(self, one: Instance) -> None:
        if one.gone is None:
            one.gone = self.now
            self.here.remove(one)
            self._balance()

    def _ended(self) -> History:
        for one in self.here:
            one.since_mark(self.now)
        found = self.history
        found.end = self.now
        found.instance_hours = group.hours(self.instances, self.now)
        found.processor_hours = sum(one.computed for one in self.instances) / 3600
        return found
