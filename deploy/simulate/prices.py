"""What instances cost, in dollars: list prices of us-east-1, on demand, Linux, as known in 2025. Look them up before relying on a sum."""

from __future__ import annotations

from dataclasses import dataclass

ADDRESS = 0.005  # an hour of a public IPv4 address
SURPLUS = 0.05  # an hour of a T3's processor beyond its baseline, in unlimited mode, which is the default
MONTH = 730  # hours


@dataclass(frozen=True)
class Kind:
    name: str
    an_hour: float
    processors: int = 2
    baseline: float = 1.0  # the share of each processor that the price includes


T3_MEDIUM = Kind("t3.medium", 0.0416, baseline=0.2)
C7I_LARGE = Kind("c7i.large", 0.08925)


def dollars(instance_hours: float, processor_hours: float, kind: Kind = T3_MEDIUM) -> float:
    """Instances with their addresses, and what they computed beyond their baseline, averaged over the whole time.

    >>> round(dollars(10, 1), 2), round(dollars(10, 5), 2)
    (0.47, 0.52)
    """
    surplus = max(0.0, processor_hours - kind.baseline * kind.processors * instance_hours)
    return instance_hours * (kind.an_hour + ADDRESS) + surplus * SURPLUS
