"""Both images, really built: by buildah, which needs no daemon, on a base made of Debian's packages where the pinned one can't be had."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

IMAGES = {"site": "localhost/polybot", "worker": "localhost/yolo5"}
BASE = "localhost/python"
# What python:3.11-slim-bookworm has that a bookworm root has not.
DEBIAN = "ca-certificates,netbase,tzdata,python3,python3-venv,python-is-python3"
CERTIFICATES = Path("/etc/ssl/certs")


class Failed(Exception):
    """A program of the build ended with another status than 0; the text is its last words."""


@dataclass(frozen=True)
class Config:
    """What an image says of how it is run."""

    command: list[str]  # the entry point with its arguments
    environment: dict[str, str]
    user: str
    folder: str
    health: list[str]


@dataclass(frozen=True)
class Builder:
    """buildah with a storage of its own below `folder`, apart from whatever else is on this machine."""

    folder: Path

    def base(self) -> None:
        """Have BASE: a Debian root, made once and kept."""
        packed = self.folder / "base.tar"
        if not packed.exists():
            partial = self.folder / "base.partial.tar"
            _run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={DEBIAN}", "bookworm", str(partial))
            partial.replace(packed)
        container = self._buildah("from", "scratch").strip()
        self._buildah("add", "--quiet", container, str(packed), "/")
        self._buildah("commit", "--quiet", "--rm", container, BASE)

    def build(self, side: str, **arguments: str) -> None:
        """The side's image, with these build arguments."""
        given = [f"--build-arg={name}={value}" for name, value in ({"PYTHON_IMAGE": BASE} | arguments).items()]
        # pip trusts in there whom this machine trusts.
        trusted = [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"] if CERTIFICATES.is_dir() else []
        options = ["--isolation=chroot", "--format=docker", "--pull-never", "--quiet", *given, *trusted]
        self._buildah("bud", *options, f"--file={dockerfile(side)}", f"--tag={IMAGES[side]}", str(ROOT))

    def config(self, image: str) -> Config:
        """What the image says of how it is run."""
        found: dict[str, Any] = json.loads(self._buildah("inspect", "--type=image", image))["Docker"]["config"]
        return Config(
            command=[*found["Entrypoint"], *found["Cmd"]],
            environment=dict(variable.split("=", 1) for variable in found["Env"]),
            user=found["User"],
            folder=found["WorkingDir"],
            health=found["Healthcheck"]["Test"][1:],
        )

    @contextmanager
    def files(self, image: str) -> Iterator[Path]:
        """The root of the image's files, meanwhile."""
        container = self._buildah("from", "--pull-never", image).strip()
        try:
            yield Path(self._buildah("mount", container).strip())
        finally:
            self._buildah("rm", container)

    def bytes(self, image: str) -> int:
        """What the image's files take, unpacked; a file with two names counts once."""
        with self.files(image) as root:
            found = [(Path(folder) / name).lstat() for folder, _, names in os.walk(root) for name in names]
        return sum({(stat.st_dev, stat.st_ino): stat.st_size for stat in found}.values())

    def _buildah(self, *arguments: str) -> str:
        storage = self.folder / "storage.conf"
        storage.write_text(f'[storage]\ndriver = "vfs"\nrunroot = "{self.folder}/run"\ngraphroot = "{self.folder}/graph"\n')
        return _run("buildah", *arguments, CONTAINERS_STORAGE_CONF=str(storage))


def dockerfile(side: str) -> Path:
    return HERE / IMAGES[side].rpartition("/")[2] / "Dockerfile"


def pinned() -> str:
    """The base that the images are built on elsewhere, with its digest."""
    found = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", dockerfile("site").read_text(), re.MULTILINE)
    if not found:
        raise ValueError(f"{dockerfile('site')} names no PYTHON_IMAGE")
    return found[1]


def _run(*command: str, **environment: str) -> str:
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{command[0]} {command[1]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout
