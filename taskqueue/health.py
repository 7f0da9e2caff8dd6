"""Whether a worker lives and takes tasks, in a small file that a container can check:

    python -m taskqueue.health live|ready [FILE]

ends with 0 for yes and 1 for no, and says why. FILE is the option `health_file`, or TASKQUEUE_HEALTH_FILE in the environment.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

VARIABLE = "TASKQUEUE_HEALTH_FILE"
FRESH_SECONDS = 15  # it is written each second; a loaded machine may take longer


@dataclass
class Health:
    """The file. Nowhere where no path is given."""

    path: Path | None

    def write(self, *, live: bool, ready: bool, polled: float) -> None:
        if self.path is None:
            return
        now = {"at": time.time(), "pid": os.getpid(), "live": live, "ready": ready, "polled_seconds_ago": round(polled, 1)}
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            partial.write_text(json.dumps(now))
            partial.replace(self.path)  # whoever reads finds the whole of the old one or of the new
        except OSError as error:
            log.warning("health not written: %s", error)
            self.path = None


def from_options(path: str | None) -> Health:
    chosen = path or os.environ.get(VARIABLE)
    return Health(Path(chosen) if chosen else None)


def trouble(path: Path, question: str, *, now: float) -> str | None:
    """Why the answer is no; None for yes."""
    try:
        found = json.loads(path.read_text())
        age, answer = now - float(found["at"]), bool(found[question])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{path} can't be read: {type(error).__name__}"
    if age > FRESH_SECONDS:
        return f"{path} was last written {age:.0f} s ago"
    return None if answer else f"the worker of process {found.get('pid')} is not {question}"


def main(arguments: list[str]) -> int:
    path = arguments[1] if len(arguments) > 1 else os.environ.get(VARIABLE)
    if not arguments or arguments[0] not in ("live", "ready") or not path:
        sys.stderr.write(f"usage: python -m taskqueue.health live|ready [FILE], or the file in {VARIABLE}\n")
        return 2
    why = trouble(Path(path), arguments[0], now=time.time())
    if why:
        sys.stderr.write(f"not {arguments[0]}: {why}\n")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
