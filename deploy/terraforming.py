"""Terraform as a program: where it and its provider are, and a folder of its own to run it in."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
PROVIDER = "registry.terraform.io/hashicorp/aws"
# Where Terraform itself looks for providers that an administrator has put there, and a place outside any home.
# https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
PLACES = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    "/opt/tf-plugins",
)


class Missing(Exception):
    """What Terraform needs is not on this machine; the text says how to get it."""


class Failed(Exception):
    """Terraform ended with another status than 0; the text is its own."""


def mirror() -> Path:
    """The folder with the provider of AWS: TF_PLUGIN_DIR, or one of PLACES. Raises Missing."""
    named = os.environ.get("TF_PLUGIN_DIR")
    places = [Path(place).expanduser() for place in ([named] if named else PLACES)]
    for place in places:
        if (place / PROVIDER).is_dir():
            return place
    raise Missing(
        f"no provider of AWS for Terraform in {', '.join(map(str, places))}: "
        "run `terraform providers mirror FOLDER` in deploy/terraform, and set TF_PLUGIN_DIR=FOLDER"
    )


def program() -> str:
    """The `terraform` on the PATH. Raises Missing."""
    found = shutil.which("terraform")
    if not found:
        raise Missing("no `terraform` on the PATH: install 1.11 or newer, https://developer.hashicorp.com/terraform/install")
    return found


def prepared(folder: Path, *, module: str = "", override: str = "", backend: bool = False) -> Path:
    """A copy of deploy/'s Terraform in this empty folder, initialized; returns where to run it. Raises Missing or Failed.

    `module` is a folder below deploy/terraform; `override` is Terraform that replaces arguments, of the backend say.
    """
    plugins = mirror()
    for part in ("terraform", "templates"):
        shutil.copytree(HERE / part, folder / part, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars"))
    place = folder / "terraform" / module
    if override:
        (place / "rehearsal_override.tf").write_text(override)
    run("init", "-input=false", f"-backend={str(backend).lower()}", f"-plugin-dir={plugins}", place=place)
    return place


def run(*arguments: str, place: Path, environment: Mapping[str, str] | None = None, seconds: float = 600) -> str:
    """What `terraform …` prints, in this folder. Raises Failed with it, Missing, or subprocess.TimeoutExpired.

    Of this process's own settings for Terraform and AWS nothing is handed on: `environment` says it all.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
    done = subprocess.run(
        [program(), *arguments, "-no-color"],
        cwd=place,
        env=inherited | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"} | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode != 0:
        raise Failed(f"terraform {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout
