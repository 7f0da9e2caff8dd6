"""Terraform, as a program: its own questions and output go to the terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.operations.settings import Refused, Settings

SERVICE = Path(__file__).parents[1] / "terraform"
BOOTSTRAP = SERVICE / "bootstrap"


class Failed(Exception):
    """Terraform ended with an error; what it said stands above."""


def apply(settings: Settings, *, yes: bool, certificate: str = "", replace: Sequence[str] = (), **variables: str) -> None:
    """Make what exists be what the files say, and these resources anew. Terraform shows its plan and asks, unless `yes`."""
    given = [
        f"-var-file={settings.path.resolve()}",
        *_certificate(certificate),
        *(f"-var={name}={value}" for name, value in variables.items()),
        *(f"-replace={address}" for address in replace),
    ]
    run(SERVICE, "apply", *given, *(["-auto-approve"] if yes else []))


def destroy(settings: Settings, *, certificate: str = "") -> None:
    """Take all of it down; whoever calls this has asked."""
    run(SERVICE, "destroy", f"-var-file={settings.path.resolve()}", *_certificate(certificate), "-var=protected=false", "-auto-approve")


def initialise(settings: Settings, bucket: str) -> None:
    """Fetch the provider, and find the state in its bucket."""
    backend = {"bucket": bucket, "region": settings.region, "key": f"{settings.name}/terraform.tfstate"}
    run(SERVICE, "init", "-reconfigure", *(f"-backend-config={name}={value}" for name, value in backend.items()))


def make_state_bucket(settings: Settings, bucket: str, *, yes: bool) -> None:
    """The bucket of the state: made once an account, with a state of its own on this disk that nobody needs again."""
    run(BOOTSTRAP, "init")
    run(BOOTSTRAP, "apply", f"-var=region={settings.region}", f"-var=bucket={bucket}", *(["-auto-approve"] if yes else []))


def outputs() -> dict[str, Any]:
    """The outputs of the service, by name."""
    done = subprocess.run(_command(SERVICE, "output", "-json"), capture_output=True, text=True, env=_environment(), check=False)
    if done.returncode:
        raise Failed(f"terraform output: {done.stderr.strip()}")
    return {name: one["value"] for name, one in json.loads(done.stdout).items()}


def run(folder: Path, *arguments: str) -> None:
    """One command of Terraform's in this folder. Raises Failed."""
    if subprocess.run(_command(folder, *arguments), env=_environment(), check=False).returncode:
        raise Failed(f"terraform {arguments[0]} in {folder.name}/ failed: what it said stands above. The same command goes on from there")


def _certificate(arn: str) -> list[str]:
    return [f"-var=certificate_arn={arn}"] if arn else []


def _command(folder: Path, *arguments: str) -> list[str]:
    program = shutil.which("terraform")
    if program is None:
        raise Refused("terraform is not on the PATH: https://developer.hashicorp.com/terraform/install has it (1.11 or newer)")
    return [program, f"-chdir={folder}", *arguments]


def _environment() -> dict[str, str]:
    return os.environ | {"TF_IN_AUTOMATION": "1"}  # no hints to run further commands by hand
