"""The workers' Auto Scaling group, and its instance refreshes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy.roll.machines import Machine
from deploy.roll.outcome import Refused

ACTIVE = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")


@dataclass(frozen=True)
class Refresh:
    """An instance refresh as AWS describes it at one moment."""

    id: str
    status: str
    percent: int
    reason: str

    @property
    def active(self) -> bool:
        """Whether it still replaces instances, or is on its way to its end."""
        return self.status in ACTIVE

    def __str__(self) -> str:
        return f"{self.status}, {self.percent} %" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True)
class Group:
    """The group of this name."""

    autoscaling: Any
    name: str

    def check(self) -> None:
        """Raise Refused unless the group launches the template's default version, which is what a roll changes."""
        template = self._read().get("LaunchTemplate")
        if not template or template.get("Version") != "$Default":
            raise Refused(
                f"the group {self.name} launches {template and template.get('Version')!r} of its template, and the roll changes $Default"
            )

    def in_service(self, *, version: int | None = None) -> list[Machine]:
        """Its instances that are in service, or those of them that were launched from this version of the template."""
        found = (one for one in self._read()["Instances"] if one["LifecycleState"] == "InService")
        return [Machine(one["InstanceId"], one["InstanceId"]) for one in found if version is None or _version(one) == str(version)]

    def start(self, **preferences: Any) -> Refresh:
        """Replace every instance. A spare one is launched before one goes, so that a group of one goes on working.

        AWS's own AutoRollback is refused for a group that launches $Default, so going back is up to whoever follows this.
        """
        healthy = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150}
        started = self.autoscaling.start_instance_refresh(
            AutoScalingGroupName=self.name, Strategy="Rolling", Preferences=healthy | preferences
        )
        return Refresh(started["InstanceRefreshId"], "Pending", 0, "")

    def active(self) -> Refresh | None:
        """The refresh that is under way; a group has one at a time."""
        found = self.autoscaling.describe_instance_refreshes(AutoScalingGroupName=self.name)["InstanceRefreshes"]
        return next((one for one in map(_refresh, found) if one.active), None)

    def read(self, refresh: Refresh) -> Refresh:
        """What has become of it."""
        found = self.autoscaling.describe_instance_refreshes(AutoScalingGroupName=self.name, InstanceRefreshIds=[refresh.id])
        return _refresh(found["InstanceRefreshes"][0])

    def cancel(self) -> None:
        """End the refresh that is under way; what it has replaced stays replaced."""
        self.autoscaling.cancel_instance_refresh(AutoScalingGroupName=self.name)

    def _read(self) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
        if not found:
            raise Refused(f"there is no Auto Scaling group {self.name}: has `python -m deploy up` been run?")
        return found[0]


def _refresh(found: dict[str, Any]) -> Refresh:
    return Refresh(found["InstanceRefreshId"], found["Status"], found.get("PercentageComplete", 0), found.get("StatusReason", ""))


def _version(instance: dict[str, Any]) -> str:
    return str(instance.get("LaunchTemplate", {}).get("Version", ""))
