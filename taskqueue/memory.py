"""How much memory a worker and its pool's processes take, where the system tells: on Linux."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def used(pids: Iterable[int], proc: Path = PROC) -> int | None:
    """Bytes of these processes together; None where it can't be known of one that is there.

    It is the sum of their proportional set sizes: what several share, as a pool's processes do after the fork, counts once. A process
    that has ended takes nothing.
    """
    total = 0
    for pid in pids:
        try:
            found = re.search(r"^Pss:\s+(\d+) kB$", (proc / str(pid) / "smaps_rollup").read_text(), re.MULTILINE)
        except ProcessLookupError:
            continue
        except FileNotFoundError:
            if (proc / str(pid)).exists() or not proc.exists():
                return None  # a Linux without this file, or no Linux
            continue
        except OSError:
            return None
        if found is None:
            return None
        total += int(found[1]) * 1024
    return total
