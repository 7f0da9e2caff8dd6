"""Send a task of 2 MB with the app of the environment's subject; the exit status says whether it was taken."""

from __future__ import annotations

import sys

from benchmarks.app import noop

if __name__ == "__main__":
    noop.delay("x" * 2_000_000)
    sys.stdout.write("sent\n")
