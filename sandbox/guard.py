"""Leaves nothing behind: a small process that ends the sandbox's other processes if their supervisor is killed.

It reads `+PID` and `-PID` lines from its standard input, a pipe from the supervisor. The pipe ends with the supervisor,
however that comes about (kill -9 too); then whatever is still on the list is asked to stop, and after a while made to.
Run as a script, and with nothing imported that takes time, because it is started before everything else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

GRACE_SECONDS = 8.0


class Guard:
    """The supervisor's side: tells the guard which process groups it must not leave behind."""

    def __init__(self) -> None:
        reading, self._pipe = os.pipe()  # no other process gets the writing end, so it ends with this one
        # A session of its own: what is sent to the supervisor's group (Ctrl-C, or a kill of all of it) must not reach it.
        self._process = subprocess.Popen([sys.executable, "-I", "-S", __file__], stdin=reading, env={}, cwd="/", start_new_session=True)
        os.close(reading)

    def watch(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Let it go; it ends what is still on its list."""
        os.close(self._pipe)
        self._process.wait()

    def _tell(self, line: str) -> None:
        with suppress(BrokenPipeError):  # a guard that is gone can't be told, and the supervisor does its work all the same
            os.write(self._pipe, line.encode())


def end(group: int, *, signal_number: int) -> None:
    """Send a signal to every process of this group that is left."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        os.killpg(group, signal_number)


def ask(leader: int) -> None:
    """Ask a process to stop; its children are its own to stop (a Celery worker lets them finish first)."""
    with suppress(ProcessLookupError):
        os.kill(leader, signal.SIGTERM)


def _has_ended(leader: int) -> bool:
    try:
        os.kill(leader, 0)
    except ProcessLookupError:
        return True
    with suppress(OSError), Path(f"/proc/{leader}/stat").open() as file:
        # A zombie: in a container there may be nobody to reap what the supervisor left. Outside Linux there is an init that does.
        return file.read().rpartition(")")[2].split()[0] == "Z"
    return False


def main() -> None:
    """Read until the supervisor is gone, then end what it left."""
    groups: dict[int, None] = {}  # a set that keeps its order
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups[group] = None
        else:
            groups.pop(group, None)
    for group in reversed(groups):
        ask(group)
    deadline = time.monotonic() + GRACE_SECONDS
    while not all(map(_has_ended, groups)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        end(group, signal_number=signal.SIGKILL)


if __name__ == "__main__":
    main()
