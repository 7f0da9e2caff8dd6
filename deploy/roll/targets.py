"""The load balancers' target groups: who gets requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import code
from deploy.roll.machines import Machine
from deploy.roll.outcome import Refused
from deploy.roll.pace import Pace, TimedOut, until


@dataclass(frozen=True)
class Targets:
    """Groups that an instance is in or out of together; their ARNs."""

    elb: Any
    groups: tuple[str, ...]

    def serves(self, machine: Machine) -> bool:
        """Whether every group sends this instance requests."""
        return all(state == "healthy" for state in self.states(machine))

    def states(self, machine: Machine) -> list[str]:
        """AWS's word for it in each group: initial, healthy, unhealthy, draining, unused."""
        return [self._state(group, machine) for group in self.groups]

    def take_out(self, machine: Machine, pace: Pace) -> bool:
        """Give it nothing new, and wait for what it has; False where that lasted longer than `pace.drain`. Twice is harmless."""
        for group in self.groups:
            if self._state(group, machine) not in {"draining", "unused"}:
                self.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": machine.id}])
        try:
            return until(
                lambda: all(state == "unused" for state in self.states(machine)),
                seconds=pace.drain,
                poll=pace.poll,
                what=f"the drain of {machine}",
            )
        except TimedOut:
            return False

    def put_in(self, machine: Machine, pace: Pace) -> None:
        """Have it given requests, and wait until every group finds it healthy. Raises TimedOut."""
        for group in self.groups:
            self.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": machine.id}])
        until(lambda: self.serves(machine), seconds=pace.serve, poll=pace.poll, what=f"{machine} healthy for the load balancers")

    def _state(self, group: str, machine: Machine) -> str:
        found = self.elb.describe_target_health(TargetGroupArn=group, Targets=[{"Id": machine.id}])["TargetHealthDescriptions"]
        return str(found[0]["TargetHealth"]["State"]) if found else "unused"


def find(elb: Any, names: list[str]) -> Targets:
    """The target groups with these names. Raises Refused where one is missing."""
    try:
        found = elb.describe_target_groups(Names=names)["TargetGroups"]
    except ClientError as error:
        if code(error) == "TargetGroupNotFound":
            raise Refused(f"of the target groups {', '.join(names)} one is not there: has `python -m deploy up` been run?") from None
        raise
    return Targets(elb, tuple(group["TargetGroupArn"] for group in found))
