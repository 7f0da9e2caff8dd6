"""The rehearsal's instances: each of moto's that somebody looks into has a machine, a group's come and go by instance refreshes.

Beside the models (deploy/rehearse/modelled) two of moto's own are put right:

- An instance of a group is launched from any version of a template that has user data (moto stops at the second),
- and says from which one it was launched (moto says: the default of now).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from moto.autoscaling.models import InstanceState, autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.types import Base64EncodedString
from moto.ec2.models import ec2_backends
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.elbv2.responses import ELBV2Response
from moto.ssm.models import ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from deploy.rehearse.modelled import Refused
from deploy.rehearse.modelled.machine import Machine, programs
from deploy.rehearse.modelled.refreshes import Refreshes
from deploy.rehearse.modelled.shells import Shells
from deploy.rehearse.modelled.targets import TargetHealth
from deploy.rehearse.world import ACCOUNT, REGION, WORKING

_lock = Lock()  # the models know nothing of the server's threads


@dataclass
class Machines:
    """A folder for each instance, made at the first look into it."""

    folder: Path
    programs: Path
    known: dict[str, Machine] = field(default_factory=dict)

    def find(self, instance: str) -> Machine | None:
        """None: there is no such instance, or it doesn't run."""
        if not any(one.id == instance and one.state == "running" for one in ec2_backends[ACCOUNT][REGION].all_instances()):
            return None
        if instance not in self.known:
            self.known[instance] = Machine.make(self.folder / instance, self.programs, image(instance), WORKING)
        return self.known[instance]


class Fleet:
    """The instances of moto's groups."""

    def there(self, group: str) -> list[str]:
        return [state.instance.id for state in _group(group).instance_states]

    def launch(self, group: str) -> str:
        found = _group(group)
        found.replace_autoscaling_group_instances(1, found.get_propagated_tags())
        return str(found.instance_states[-1].instance.id)

    def end(self, group: str, instance: str) -> None:
        found = _group(group)
        # First out of the group: moto would launch another one for an instance that ends in it.
        found.instance_states = [state for state in found.instance_states if state.instance.id != instance]
        ec2_backends[ACCOUNT][REGION].terminate_instances([instance])

    def is_healthy(self, instance: str) -> bool:
        return any(one.id == instance for one in ec2_backends[ACCOUNT][REGION].all_instances())


def image(instance: str) -> str:
    """What an instance starts: the image in its user data, a worker's; else the one that the parameter of its service names now."""
    found = ec2_backends[ACCOUNT][REGION].get_instance(instance)
    lines = re.findall(r"^IMAGE=(.*)$", found.user_data.decode() if found.user_data else "", re.MULTILINE)
    if lines:
        return str(lines[0])
    (name,) = (tag["value"] for tag in found.get_tags() if tag["key"] == "Service")
    parameter: Any = ssm_backends[ACCOUNT][REGION].get_parameter(f"/{name}/site/image")
    return str(parameter.value)


def patch(folder: Path) -> None:
    """Add to this process's moto what the module says; the machines are in this folder."""
    folder.mkdir()
    machines = Machines(folder, programs(folder / "programs"))
    shells, targets, refreshes = Shells(machines.find, image), TargetHealth(machines.find), Refreshes(Fleet())
    added: tuple[tuple[type, str, Any], ...] = (
        (SimpleSystemManagerResponse, "send_command", _json(shells.send)),
        (SimpleSystemManagerResponse, "get_command_invocation", _json(shells.invocation)),
        (ELBV2Response, "register_targets", _noted(ELBV2Response.register_targets, targets)),
        (ELBV2Response, "deregister_targets", _noted(ELBV2Response.deregister_targets, targets)),
        (ELBV2Response, "describe_target_health", _query(lambda _, asked: targets.described(asked))),
        (AutoScalingResponse, "start_instance_refresh", _query(refreshes.answer)),
        (AutoScalingResponse, "cancel_instance_refresh", _query(refreshes.answer)),
        (AutoScalingResponse, "describe_instance_refreshes", _query(refreshes.answer)),
        (LaunchTemplateVersion, "user_data", property(_user_data)),
        (InstanceState, "launch_template", property(_launched_from)),
    )
    for of, name, instead in added:
        setattr(of, name, instead)


def _group(name: str) -> Any:
    return autoscaling_backends[ACCOUNT][REGION].autoscaling_groups[name]


def _json(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    """A method of moto's for a service that speaks JSON."""

    def method(self: Any) -> Any:
        with _lock:
            try:
                return json.dumps(answer(json.loads(self.body)))
            except Refused as refused:
                return 400, {"status": 400}, refused.body(as_json=True)

    return method


def _query(answer: Callable[[str, dict[str, Any]], str]) -> Callable[[Any], Any]:
    """A method of moto's for a service that is asked by a form."""

    def method(self: Any) -> Any:
        asked = _form(self)
        with _lock:
            try:
                return answer(asked["Action"], asked)
            except Refused as refused:
                return 400, {"status": 400}, refused.body(as_json=False)

    return method


def _noted(whole: Callable[[Any], Any], targets: TargetHealth) -> Callable[[Any], Any]:
    """moto's own method, which the model hears of, too."""

    def method(self: Any) -> Any:
        asked = _form(self)
        with _lock:
            targets.note(asked["Action"], asked)
        return whole(self)

    return method


def _form(asked: Any) -> dict[str, str]:
    return {name: values[0] for name, values in asked.querystring.items()}


def _user_data(version: LaunchTemplateVersion) -> Base64EncodedString | None:
    found = version.data.get("UserData")
    return found if found is None or isinstance(found, Base64EncodedString) else Base64EncodedString(found)


_of_now: Any = InstanceState.launch_template


def _launched_from(state: InstanceState) -> dict[str, Any] | None:
    found: dict[str, Any] | None = _of_now.fget(state)
    tags = {tag["key"]: tag["value"] for tag in state.instance.get_tags()}
    return found and found | {"Version": tags["aws:ec2launchtemplate:version"]}
