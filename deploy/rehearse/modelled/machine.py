"""An instance, as a folder: which image its container runs, which images serve, and stand-ins for the programs on it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = {
    # What user data puts there: it reads the image from its parameter, and starts the container.
    "polybot-start": 'cp "$HERE/parameter" "$HERE/container"; echo "runs $(cat "$HERE/container")"',
    "docker": """\
case "$1 $3" in
    *Health*) grep -qxFf "$HERE/container" "$HERE/good" && echo healthy || echo starting ;;
    inspect*) cat "$HERE/container" ;;
    logs*) echo 'a line of its log' ;;
    *) exit 64 ;;
esac""",
    "curl": 'grep -qxFf "$HERE/container" "$HERE/good" || exit 22',
    "systemctl": ":",
    "sleep": "exec /bin/sleep 0.02",
}


def programs(folder: Path) -> Path:
    """The stand-ins for programs, which every machine of a test shares."""
    folder.mkdir()
    for name, body in PROGRAMS.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    return folder


@dataclass
class Machine:
    """One instance. `online`: whether SSM's agent on it has registered."""

    folder: Path
    programs: Path
    online: bool = True

    @classmethod
    def make(cls, folder: Path, programs: Path, image: str, good: tuple[str, ...]) -> Machine:
        folder.mkdir()
        (folder / "container").write_text(f"{image}\n")
        (folder / "good").write_text("".join(f"{one}\n" for one in good))
        return cls(folder, programs)

    @property
    def image(self) -> str:
        return (self.folder / "container").read_text().strip()

    @property
    def serves(self) -> bool:
        return self.image in (self.folder / "good").read_text().splitlines()

    def run(self, script: str, *, seconds: float, parameter: str) -> subprocess.CompletedProcess[str]:
        """The script, in a shell of this instance. Raises subprocess.TimeoutExpired."""
        (self.folder / "parameter").write_text(f"{parameter}\n")
        here = script.replace("/usr/local/bin/", f"{self.programs}/")
        known = {"PATH": f"{self.programs}{os.pathsep}/usr/bin{os.pathsep}/bin", "HERE": str(self.folder)}
        return subprocess.run(["sh", "-c", here], env=known, capture_output=True, text=True, timeout=seconds, check=False)
