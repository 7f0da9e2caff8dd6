"""Terraform in a rehearsal: up, once more, and down again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.rehearse.world import LOCAL, Credentials, environment, variables
from deploy.terraforming import prepared, run

# What a second plan would change only because the emulator does not give back what it was told: resource → attributes. With a
# question mark: not known before an apply, since what it is made of is in this list.
ECHOES: dict[str, set[str]] = {
    "aws_autoscaling_group.worker": {"capacity_reservation_specification", "default_instance_warmup"},
    "aws_autoscaling_lifecycle_hook.drain": {"notification_target_arn", "role_arn"},
    "aws_autoscaling_policy.backlog": {"enabled", "predictive_scaling_configuration"},
    "aws_autoscaling_policy.cpu": {"enabled", "predictive_scaling_configuration"},
    "aws_db_parameter_group.django": {"parameter"},
    "aws_iam_role_policy.schedule": {"policy?"},
    "aws_iam_role_policy.site": {"policy?"},
    "aws_iam_role_policy.worker": {"policy?"},
    "aws_iam_role_policy.workflow": {"policy?"},
    "aws_instance.site": {"vpc_security_group_ids"},
    "aws_launch_template.worker": {"default_version?", "latest_version?", "tag_specifications"},
    "aws_sqs_queue.of": {"redrive_policy"},  # the same in other spacing
    "aws_vpc_security_group_egress_rule.call": {"description"},
    "aws_vpc_security_group_ingress_rule.call": {"description"},
}


@dataclass(frozen=True)
class Terraform:
    """A copy of deploy/terraform with a state of its own, for the account at `endpoint`."""

    place: Path
    endpoint: str
    certificate: str

    def apply(self) -> int:
        """Make everything; how many resources that were."""
        self._run("apply", "-auto-approve", "-parallelism=20", *self._options())
        return sum(not line.startswith("data.") for line in run("state", "list", place=self.place).splitlines())

    def changes(self, credentials: Credentials) -> list[str]:
        """What a second plan would change that is no echo of the emulator's."""
        self._run("plan", "-out=again", *self._options(), credentials=credentials)
        plan = json.loads(run("show", "-json", "again", place=self.place))
        found = []
        for change in plan["resource_changes"]:
            if set(change["change"]["actions"]) - {"no-op", "read"}:
                attributes = _differing(change["change"])
                unexpected = attributes - ECHOES.get(f"{change['type']}.{change['name']}", set())
                if unexpected or change["change"]["actions"] != ["update"]:
                    found.append(f"{change['address']}: {', '.join(change['change']['actions'])} {', '.join(sorted(unexpected))}")
        return found

    def destroy(self, credentials: Credentials) -> None:
        self._run("destroy", "-auto-approve", "-parallelism=20", *self._options(), credentials=credentials)

    def _options(self) -> list[str]:
        return [f"-var={name}={value}" for name, value in (variables() | {"certificate_arn": self.certificate}).items()]

    def _run(self, *arguments: str, credentials: Credentials | None = None) -> str:
        about = environment(self.endpoint, credentials or Credentials())
        return run(*arguments, "-input=false", place=self.place, environment=about)


def opened(folder: Path, endpoint: str, certificate: str) -> Terraform:
    """Raises terraforming.Missing where there is no Terraform."""
    return Terraform(prepared(folder, override=LOCAL, backend=True), endpoint, certificate)


def _differing(change: dict[str, Any]) -> set[str]:
    """The attributes that would change; with a question mark those of which the plan does not know to what."""
    before, after, unknown = change.get("before") or {}, change.get("after") or {}, change.get("after_unknown") or {}
    known = {name for name in {*before, *after} if before.get(name) != after.get(name) and unknown.get(name) is not True}
    return known | {f"{name}?" for name, is_unknown in unknown.items() if is_unknown is True}
