"""A folder that is a fresh instance to what runs in it by chroot: the programs that user data uses, and recording stubs for the world."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("bash", "cat", "chmod", "cut", "flock", "install", "rm", "seq", "sha256sum")

# Each writes down how it was called. `fails` in /state holds how often a program still fails.
STUB = """#!/bin/bash
printf '%s\\n' "${0##*/} $*" >>/state/calls
left=$(cat "/state/fails-${0##*/}-$1" 2>/state/nothing || echo 0)
if [ "$left" -gt 0 ]; then
    echo $((left - 1)) >"/state/fails-${0##*/}-$1"
    exit 1
fi
"""

# A Docker that knows one container.
DOCKER = """
case $1 in
run)
    for word in "$@"; do
        case $word in
        wanted=*) echo "true ${word#wanted=}" >/state/running ;;
        esac
        echo "$word" >/state/image
    done
    cat /run/polybot.env >/state/environment
    ;;
rm) rm -f /state/running /state/image ;;
inspect)
    case $3 in
    *Running*) cat /state/running ;;
    *) cat /state/image ;;
    esac
    ;;
exec) cat /state/shown ;;
esac
"""

AWS = """
case "$1 $2" in
"ssm get-parameter") cat /state/parameter ;;
"secretsmanager get-secret-value") cat "/state/secret-${4//[^a-z0-9-]/-}" ;;
"dynamodb query") echo 3 ;;
esac
"""

STUBS = {"dnf": "", "systemctl": "", "sleep": "", "docker": DOCKER, "aws": AWS}


@dataclass(frozen=True)
class Instance:
    """One instance; `state` is what its stubs read and write."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "state"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """This command in the instance, as its root."""
        change = ["chroot"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "chroot"]
        return subprocess.run(
            [*change, str(self.root), *command],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def calls(self) -> list[str]:
        """What was called since the last time that this was asked."""
        file = self.state / "calls"
        found = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return found

    def put(self, name: str, text: str) -> None:
        """What the stubs find: parameter, shown, secret-NAME, fails-PROGRAM-WORD."""
        (self.state / name).write_text(text + "\n")

    def files(self) -> dict[str, tuple[int, str]]:
        """What user data has written: path → (mode, text)."""
        folders = ("etc/polybot", "etc/systemd", "usr/local")
        paths = [path for folder in folders for path in (self.root / folder).rglob("*") if path.is_file()]
        return {str(path.relative_to(self.root)): (path.stat().st_mode & 0o777, path.read_text()) for path in paths}


def fresh(root: Path) -> Instance:
    """An instance before its first start."""
    for folder in ("usr/bin", "bin", "dev", "run", "state", "etc", "var/lib/cloud/data"):
        (root / folder).mkdir(parents=True)
    for program in PROGRAMS:
        _copy(Path(str(shutil.which(program))), root, root / "usr/bin" / program)
    (root / "bin/bash").symlink_to("/usr/bin/bash")
    for name, more in STUBS.items():
        (root / "usr/bin" / name).write_text(STUB + more)
        (root / "usr/bin" / name).chmod(0o755)
    (root / "var/lib/cloud/data/instance-id").write_text("i-0123456789abcdef0\n")
    return Instance(root)


def _copy(program: Path, root: Path, to: Path) -> None:
    """A program with the libraries that it loads."""
    shutil.copy(program.resolve(), to)
    told = subprocess.run(["ldd", str(program.resolve())], capture_output=True, text=True, check=True).stdout
    for word in told.split():
        if word.startswith("/") and not (root / word[1:]).exists():
            (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(word).resolve(), root / word[1:])
