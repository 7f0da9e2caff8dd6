"""SSM's run command, modelled: sent at once, unknown for a moment, then in progress, then ended."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deploy.rehearse.modelled import Refused
from deploy.rehearse.modelled.machine import Machine


@dataclass
class Command:
    """One that was sent; `looks` counts who asked for it."""

    status: str
    output: str = ""
    error: str = ""
    looks: int = 0


@dataclass
class Shells:
    """Commands to the machines: `machine` finds one by its instance's id, `image` is what its parameter names at this moment."""

    machine: Callable[[str], Machine | None]
    image: Callable[[str], str]
    scripts: list[tuple[str, str]] = field(default_factory=list)  # instance and script, in order
    undelivered: bool = False  # SSM takes commands, and they stay pending
    _sent: dict[str, Command] = field(default_factory=dict)

    def send(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["DocumentName"] != "AWS-RunShellScript":
            raise Refused("InvalidDocument", asked["DocumentName"])
        (instance,) = asked["InstanceIds"]
        machine = self.machine(instance)
        if machine is None or not machine.online:
            raise Refused("InvalidInstanceId", f"Instances [[{instance}]] not in a valid state for account")
        script = "\n".join(asked["Parameters"]["commands"])
        self.scripts.append((instance, script))
        command = str(uuid.uuid4())
        self._sent[command] = Command("Pending") if self.undelivered else self._run(instance, machine, asked["Parameters"], script)
        return {"Command": {"CommandId": command, "Status": "Pending"}}

    def invocation(self, asked: dict[str, Any]) -> dict[str, Any]:
        command = self._sent[asked["CommandId"]]
        command.looks += 1
        if command.looks == 1:
            raise Refused("InvocationDoesNotExist", "An error occurred (InvocationDoesNotExist)")
        status = "InProgress" if command.looks == 2 else command.status
        return {"Status": status, "StandardOutputContent": command.output, "StandardErrorContent": command.error}

    def _run(self, instance: str, machine: Machine, parameters: dict[str, list[str]], script: str) -> Command:
        (seconds,) = parameters["executionTimeout"]
        image = self.image(instance) if "polybot-start" in script else ""
        try:
            ended = machine.run(script, seconds=float(seconds), parameter=image)
        except subprocess.TimeoutExpired:
            return Command("TimedOut")
        return Command("Failed" if ended.returncode else "Success", ended.stdout, ended.stderr)
