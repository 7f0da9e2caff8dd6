"""Instance refreshes of an Auto Scaling group, modelled: each look replaces one more instance, checkpoints wait for one look."""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.deploy.front import Front


class Refused(Exception):
    """AWS says no; its code and its text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


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
    """One group's refreshes, the newest first, and its instances with the version of the template that each was launched from."""

    front: Front
    instances: dict[str, int] = field(default_factory=dict)
    good: tuple[str, ...] = ()  # images that work on instances that are launched
    stalled_until: int = 0  # nothing is replaced before so many refreshes were started
    fails: set[str] = field(default_factory=set)  # images whose instances AWS itself finds unhealthy
    refreshes: list[Refresh] = field(default_factory=list)
    preferences: list[dict[str, str]] = field(default_factory=list)

    def launch(self, group: str) -> str:
        """One more instance, from the default version of the group's template."""
        ec2 = self.front.client("ec2")
        version = ec2.describe_launch_template_versions(LaunchTemplateName=group, Versions=["$Default"])["LaunchTemplateVersions"][0]
        user_data = base64.b64decode(version["LaunchTemplateData"]["UserData"]).decode()
        instance = f"i-{uuid.uuid4().hex[:17]}"
        self.instances[instance] = version["VersionNumber"]
        image = re.findall(r"^IMAGE=(.*)$", user_data, re.MULTILINE)[0]
        self.front.machine(instance, image, good=self.good)
        return instance

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

    def with_instances(self, text: str) -> str:
        """moto's answer about the group, with these instances in the place of its own; unchanged before one was launched here."""
        if not self.instances:
            return text
        found = "".join(
            f"<member><InstanceId>{instance}</InstanceId><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus>"
            f"<LaunchTemplate><Version>{version}</Version></LaunchTemplate></member>"
            for instance, version in self.instances.items()
        )
        bare = re.sub(r"<Instances>.*?</Instances>|<Instances\s*/>", "", text, flags=re.DOTALL)
        return bare.replace("<AutoScalingGroupName>", f"<Instances>{found}</Instances><AutoScalingGroupName>", 1)

    def _start(self, asked: dict[str, Any]) -> Refresh:
        if self._active():
            raise Refused("InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks the execution")
        preferences = {name.partition(".")[2]: value for name, value in asked.items() if name.startswith("Preferences.")}
        if preferences.get("AutoRollback") == "true":
            raise Refused("ValidationError", "AutoRollback is not supported with the launch template version $Default")
        self.preferences.append(preferences)
        checkpoints = [int(value) for name, value in sorted(preferences.items()) if name.startswith("CheckpointPercentages")]
        self.refreshes.insert(0, Refresh(str(uuid.uuid4()), list(self.instances), len(self.instances), checkpoints))
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
        new = self.launch(group)
        if self.front.machines[new].image in self.fails:
            del self.instances[new], self.front.machines[new]
            active.status, active.reason = "Failed", "Instances failed to become healthy"
            return
        gone = active.left.pop(0)
        del self.instances[gone], self.front.machines[gone]
        active.reason = ""


def _described(one: Refresh) -> str:
    return (
        f"<member><InstanceRefreshId>{one.id}</InstanceRefreshId><Status>{one.status}</Status>"
        f"<PercentageComplete>{one.percent}</PercentageComplete><StatusReason>{one.reason}</StatusReason></member>"
    )


def _result(action: str, inner: str) -> str:
    return f"<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>"
