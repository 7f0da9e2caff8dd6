"""Instances, and shell commands on them through SSM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import code
from deploy.roll.pace import Pace, TimedOut, until

_UNFINISHED = ("Pending", "InProgress", "Delayed", "Cancelling")


@dataclass(frozen=True)
class Machine:
    """An EC2 instance and the name that people know it by."""

    id: str
    label: str

    def __str__(self) -> str:
        return self.label


class CommandFailed(Exception):
    """A command on an instance ended otherwise than with 0, or not in its time; the text has the last of what it printed."""


def running(ec2: Any, *, service: str, side: str) -> list[Machine]:
    """The running instances with these tags, by name."""
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "tag:Service", "Values": [service]},
            {"Name": "tag:Side", "Values": [side]},
            {"Name": "instance-state-name", "Values": ["running"]},
        ]
    )
    found = [instance for page in pages for reservation in page["Reservations"] for instance in reservation["Instances"]]
    return sorted((_machine(instance) for instance in found), key=lambda machine: machine.label)


def run(ssm: Any, machine: Machine, script: str, *, seconds: float, pace: Pace) -> str:
    """What the script printed on this instance; it has `seconds` from the moment that SSM delivers it. Raises CommandFailed.

    An instance whose agent is not there yet is waited for, in the same time.
    """
    try:
        command = until(
            lambda: _sent(ssm, machine, script, seconds, pace), seconds=seconds, poll=pace.poll, what=f"SSM's agent on {machine}"
        )
        # SSM itself ends the script in its time; what it does not even deliver is given up here.
        ended = until(
            lambda: _ended(ssm, machine, command),
            seconds=seconds + pace.reach,
            poll=pace.poll,
            what=f"the command {command} on {machine}",
        )
    except TimedOut as late:
        raise CommandFailed(str(late)) from None
    if ended["Status"] != "Success":
        raise CommandFailed(f"{ended['Status']}: {_last(ended)}")
    return str(ended["StandardOutputContent"])


def _machine(instance: dict[str, Any]) -> Machine:
    names = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    return Machine(instance["InstanceId"], names.get("Name", instance["InstanceId"]))


def _sent(ssm: Any, machine: Machine, script: str, seconds: float, pace: Pace) -> str | None:
    try:
        sent = ssm.send_command(
            InstanceIds=[machine.id],
            DocumentName="AWS-RunShellScript",
            Parameters={"commands": [script], "executionTimeout": [f"{max(seconds, 1):.0f}"]},
            TimeoutSeconds=max(30, round(pace.reach)),  # not delivered by then, it must not run after we gave it up; 30 is AWS's least
        )
    except ClientError as error:
        if code(error) == "InvalidInstanceId":  # what SSM says of an instance that has not registered with it
            return None
        raise
    return str(sent["Command"]["CommandId"])


def _ended(ssm: Any, machine: Machine, command: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = ssm.get_command_invocation(CommandId=command, InstanceId=machine.id)
    except ClientError as error:
        if code(error) == "InvocationDoesNotExist":  # for a moment after it was sent
            return None
        raise
    return None if found["Status"] in _UNFINISHED else found


def _last(ended: dict[str, Any]) -> str:
    lines = [*ended["StandardOutputContent"].splitlines(), *ended["StandardErrorContent"].splitlines()]
    return "\n  ".join(lines[-25:]) or "it printed nothing"
