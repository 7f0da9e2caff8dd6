"""The instances of an Auto Scaling group: launched, booting, in service, draining, gone; and what they were paid for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from deploy.simulate.load import Photo
from deploy.simulate.policy import Reading


@dataclass(frozen=True)
class Fleet:
    """The group's settings, and how an instance behaves. Times in seconds.

    The times of an instance are assumptions until an account shows them: boot is EC2's start, the image's pull and the model's load.
    """

    least: int = 2
    most: int = 20
    first: int = 0  # instances at the beginning, where that is more than the least
    processes: int = 2  # of a worker: photos at the same time
    processors: int = 2
    period: float = 60  # of CloudWatch's metrics; CPU has it with detailed monitoring only
    late: int = 1  # periods until a metric is there
    boot: float = 90  # from launch until it takes work
    warm_up: float = 120  # from launch; until then its CPU does not count, and the group does not shrink
    look: float = 5  # between two looks at the instance's metadata: when it hears that it has to go
    losses: float = 0  # spot interruptions of an instance in an hour
    notice: float = 120  # before a spot instance is gone


@dataclass(eq=False)
class Instance:
    launched: float
    free: int  # processes
    boots: bool = True
    goes: bool = False  # the group no longer counts it
    leaves: bool = False  # it takes no more work
    gone: float | None = None
    computing: int = 0  # processors in use
    held: int = 0  # processes in use
    queued: deque[Photo] = field(default_factory=deque)  # taken, and waiting for a processor
    computed: float = 0.0  # processor seconds, of the whole life
    busy: float = 0.0  # process seconds
    _since: float = 0.0
    _mark: tuple[float, float] = (0.0, 0.0)

    def compute(self, more: int, now: float) -> None:
        """So many more processors in use from now on."""
        self._follow(now)
        self.computing += more

    def hold(self, more: int, now: float) -> None:
        """So many more processes in use from now on."""
        self._follow(now)
        self.held += more
        self.free -= more

    def since_mark(self, now: float) -> tuple[float, float]:
        """Processor seconds and process seconds since this was last asked."""
        self._follow(now)
        (computed, busy), self._mark = self._mark, (self.computed, self.busy)
        return self.computed - computed, self.busy - busy

    def _follow(self, now: float) -> None:
        self.computed += self.computing * (now - self._since)
        self.busy += self.held * (now - self._since)
        self._since = now


def hours(instances: list[Instance], end: float) -> float:
    """Instance-hours that are paid for: from launch until it is gone, at least a minute each."""
    return sum(max(60.0, (end if one.gone is None else one.gone) - one.launched) for one in instances) / 3600


@dataclass
class History:
    """What happened. `answered` has each photo with the seconds that it took; `sizes` the desired capacity whenever it changed."""

    answered: list[tuple[Photo, float]] = field(default_factory=list)
    sizes: list[tuple[float, int]] = field(default_factory=list)
    readings: list[tuple[float, Reading]] = field(default_factory=list)
    instance_hours: float = 0.0
    processor_hours: float = 0.0
    losses: int = 0
    end: float = 0.0
