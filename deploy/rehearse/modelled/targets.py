"""Target health of a load balancer, modelled: what is registered is looked at, what leaves drains."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deploy.rehearse.modelled.machine import Machine

REASONS = {"unused": "Target.NotRegistered", "draining": "Target.DeregistrationInProgress"}


@dataclass
class TargetHealth:
    """Which instances are in which group, and how often each was asked for since it came or left."""

    machine: Callable[[str], Machine | None]
    drains_for: int = 2  # looks
    unreachable: set[str] = field(default_factory=set)  # images that serve on the instance, and not for the balancer
    history: list[tuple[str, str]] = field(default_factory=list)  # ("in" or "out", instance), in order
    _member: dict[tuple[str, str], bool] = field(default_factory=dict)
    _looks: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, action: str, asked: dict[str, Any]) -> None:
        comes = action == "RegisterTargets"
        for instance in _instances(asked):
            key = (asked["TargetGroupArn"], instance)
            if self._member.get(key, False) is not comes:
                self._member[key] = comes
                self._looks[key] = 0
                self.history.append(("in" if comes else "out", instance))

    def settled(self) -> None:
        """As if what was registered had been looked at for long."""
        self._looks = dict.fromkeys(self._looks, 99)

    def described(self, asked: dict[str, Any]) -> str:
        found = "".join(_health(one, self._state(asked["TargetGroupArn"], one)) for one in _instances(asked))
        return (
            f"<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>{found}</TargetHealthDescriptions>"
            "</DescribeTargetHealthResult></DescribeTargetHealthResponse>"
        )

    def _state(self, group: str, instance: str) -> str:
        key = (group, instance)
        if key not in self._member:
            return "unused"
        self._looks[key] += 1
        if not self._member[key]:
            return "draining" if self._looks[key] <= self.drains_for else "unused"
        if self._looks[key] <= 1:
            return "initial"
        machine = self.machine(instance)
        return "healthy" if machine and machine.serves and machine.image not in self.unreachable else "unhealthy"


def _health(instance: str, state: str) -> str:
    why = f"<Reason>{REASONS[state]}</Reason>" if state in REASONS else ""
    return f"<member><Target><Id>{instance}</Id><Port>8000</Port></Target><TargetHealth><State>{state}</State>{why}</TargetHealth></member>"


def _instances(asked: dict[str, Any]) -> list[str]:
    return [value for name, value in asked.items() if re.fullmatch(r"Targets\.member\.\d+\.Id", name)]
