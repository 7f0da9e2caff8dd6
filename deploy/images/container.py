"""An image, run as polybot-start has Docker run it: its own command, user and environment, and nothing to write to but /tmp and volumes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.images.build import Builder, Config

STOP_SECONDS = 30.0

# $1 is the root, $2 /tmp, $3 a volume or nothing, $4 who; then the command. The mounts are in a name space of its own, and go with it.
ENTER = """\
set -eu
root=$1 tmp=$2 volume=$3 user=$4
shift 4
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount --bind "$tmp" "$root/tmp"
[ -z "$volume" ] || mount --bind "$volume" "$root/var/lib/polybot"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot --userspec="$user" --groups= "$root" "$@"
"""


@dataclass(frozen=True)
class Place:
    """Where a container's processes are, and what they are told."""

    config: Config
    root: Path
    tmp: Path
    volume: Path | None
    environment: Mapping[str, str]

    def entered(self, command: list[str]) -> list[str]:
        """What runs this command here. It becomes the command itself, so that a signal to it reaches the command."""
        variables = [f"{name}={value}" for name, value in {**self.config.environment, **self.environment}.items()]
        inside = ["env", "-i", "-C", self.config.folder, *variables, *command]
        mounted = [str(self.root), str(self.tmp), str(self.volume or ""), self.config.user]
        return ["unshare", "--mount", "--propagation=private", "sh", "-c", ENTER, "sh", *mounted, *inside]


@dataclass(frozen=True)
class Container:
    """A container that was started."""

    place: Place
    log: Path
    process: subprocess.Popen[bytes]

    def healthy(self) -> bool:
        """Whether the image's own health check says so."""
        command = self.place.entered(self.place.config.health)
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20, check=False).returncode == 0

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        """Ask it to end, as Docker does; its exit status. Raises TimeoutExpired where it doesn't within STOP_SECONDS."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)


@contextmanager
def started(builder: Builder, image: str, environment: Mapping[str, str], folder: Path, *, volume: bool) -> Iterator[Container]:
    """The image's own command with these variables; what it prints goes to FOLDER/log. Killed at the end, where it is still there."""
    config, tmp = builder.config(image), folder / "tmp"
    tmp.mkdir(parents=True)
    tmp.chmod(0o1777)
    kept = folder / "volume" if volume else None
    if kept:
        kept.mkdir()
        user, group = map(int, config.user.split(":"))
        os.chown(kept, user, group)
    with builder.files(image) as root, (folder / "log").open("wb") as log:
        place = Place(config, root, tmp, kept, environment)
        process = subprocess.Popen(place.entered(config.command), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield Container(place, folder / "log", process)
        finally:
            process.kill()
            process.wait()
