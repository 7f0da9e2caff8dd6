"""Instance refreshes of an Auto Scaling group, modelled: each look replaces one more instance, checkpoints wait for one look."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from deploy.rehearse.modelled import Refused


class Fleet(Protocol):
    """The instances of an Auto Scaling group, wherever they are kept."""

    def there(self, group: str) -> list[str]:
        """Their ids."""

    def launch(self, group: str) -> str:
        """One more, from the default version of the group's template; its id."""

    def end(self, group: str, instance: str) -> None:
        """It goes."""

    def is_healthy(self, instance: str) -> bool:
        """As EC2 sees it: what runs on the instance is nothing to it."""


@dataclass
class Refresh:
    """One refresh: what is still to be replaced."""

    id: str
    left: list[str]
    total: int
    checkpoints: list[int]
    status: str = "Pending"
    reason: str = ""

    @property
    def percent(self) -> int:
        return 100 * (self.total - len(self.left)) // self.total if self.total else 100


@dataclass
class Refreshes:
    """One group's refreshes, the newest first."""

    fleet: Fleet
    stalled_until: int = 0  # nothing is replaced before so many refreshes were started
    refreshes: list[Refresh] = field(default_factory=list)
    preferences: list[dict[str, str]] = field(default_factory=list)

    def answer(self, action: str, asked: dict[str, Any]) -> str:
        match action:
            case "StartInstanceRefresh":
                return _result(action, f"<InstanceRefreshId>{self._start(asked).id}</InstanceRefreshId>")
            case "CancelInstanceRefresh":
                return _result(action, f"<InstanceRefreshId>{self._cancel().id}</InstanceRefreshId>")
        self._step(asked["AutoScalingGroupName"])
        wanted = asked.get("InstanceRefreshIds.member.1")
        found = [one for one in self.refreshes if wanted in (None, one.id)][: int(asked.get("MaxRecords", 50))]
        return _result(action, f"<InstanceRefreshes>{''.join(map(_described, found))}</InstanceRefreshes>")

    def _start(self, asked: dict[str, Any]) -> Refresh:
        if self._active():
            raise Refused("InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks the execution")
        preferences = {name.partition(".")[2]: value for name, value in asked.items() if name.startswith("Preferences.")}
        if preferences.get("AutoRollback") == "true":
            raise Refused("ValidationError", "AutoRollback is not supported with the launch template version $Default")
        self.preferences.append(preferences)
        checkpoints = [int(value) for name, value in sorted(preferences.items()) if name.startswith("CheckpointPercentages")]
        there = self.fleet.there(asked["AutoScalingGroupName"])
        self.refreshes.insert(0, Refresh(str(uuid.uuid4()), there, len(there), checkpoints))
        return self.refreshes[0]

    def _active(self) -> Refresh | None:
        latest = self.refreshes[0] if self.refreshes else None
        return latest if latest and latest.status in {"Pending", "InProgress", "Cancelling"} else None

    def _cancel(self) -> Refresh:
        active = self._active()
        if active is None:
            raise Refused("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found")
        active.status = "Cancelling"
        return active

    def _step(self, group: str) -> None:
        active = self._active()
        if active is None:
            return
        active.status, stays = {"Pending": ("InProgress", True), "Cancelling": ("Cancelled", True)}.get(
            active.status, (active.status, False)
        )
        if stays or len(self.refreshes) < self.stalled_until:
            return
        if not active.left:
            active.status = "Successful"
        elif active.checkpoints and active.percent >= active.checkpoints[0]:
            active.reason = f"Waiting after the checkpoint at {active.checkpoints.pop(0)} %"
        else:
            self._replace(active, group)

    def _replace(self, active: Refresh, group: str) -> None:
        new = self.fleet.launch(group)
        if not self.fleet.is_healthy(new):
            self.fleet.end(group, new)
            active.status, active.reason = "Failed", "Instances failed to become healthy"
            return
        self.fleet.end(group, active.left.pop(0))
        active.reason = ""


def _described(one: Refresh) -> str:
    return (
        f"<member><InstanceRefreshId>{one.id}</InstanceRefreshId><Status>{one.status}</Status>"
        f"<PercentageComplete>{one.percent}</PercentageComplete><StatusReason>{one.reason}</StatusReason></member>"
    )


def _result(action: str, inner: str) -> str:
    return f"<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>"
