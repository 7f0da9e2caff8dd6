"""Start a program that dies, or stops, at one line of its log: the fault point that only tests can arm.

    python -m tests.armed MARKER kill|kill-process|hang PATTERN MODULE [ARGUMENT …]

runs `python -m MODULE ARGUMENT …`. As soon as it logs a line that PATTERN matches, and while the file MARKER exists, it
`kill`s its whole process group (a node that is lost; the file is removed first, so it happens once), `kill-process`es the one
process that logged (each time), or `hang`s there. The product has no hook for this: its log lines are enough, since each step
of the flow has its own.
"""

from __future__ import annotations

import logging
import os
import re
import runpy
import signal
import sys
import time
from pathlib import Path


def arm(marker: Path, action: str, pattern: str) -> None:
    """From now on, do this at the first line that matches."""
    make = logging.getLogRecordFactory()
    searched = re.compile(pattern)

    def make_and_look(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if searched.search(record.getMessage()) and marker.exists():
            _act(marker, action, record.getMessage())
        return record

    logging.setLogRecordFactory(make_and_look)


def _act(marker: Path, action: str, line: str) -> None:
    sys.stdout.write(f"tests.armed: {action} of process {os.getpid()} at: {line}\n")
    sys.stdout.flush()
    if action == "kill":
        marker.unlink()
        os.killpg(os.getpgrp(), signal.SIGKILL)
    if action == "kill-process":
        os.kill(os.getpid(), signal.SIGKILL)
    while marker.exists():
        time.sleep(0.05)


if __name__ == "__main__":
    marker, action, pattern, module, *arguments = sys.argv[1:]
    arm(Path(marker), action, pattern)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
