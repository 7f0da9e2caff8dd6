"""moto's server, with what a rehearsal needs and moto lacks added. Each addition models what AWS does.

- Permissions are asked for each resource, and conditions are looked at: `asking` says how.
- An operator's roll finds machines, target health and instance refreshes: `machines`.
- CompleteLifecycleAction is taken.

`python -m deploy.rehearse.emulator PORT FOLDER` serves on this port, and keeps in the empty folder the machines, and in its file `asked`
what was permitted to whom.
"""

from __future__ import annotations

import sys
from pathlib import Path

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.server import main

from deploy.rehearse import asking, machines


def patch(folder: Path) -> None:
    """Add to this process's moto what the module says."""
    asking.patch(folder / "asked")
    machines.patch(folder / "machines")
    AutoScalingResponse.complete_lifecycle_action = _complete  # type: ignore[attr-defined]


def _complete(_: AutoScalingResponse) -> ActionResult:
    return EmptyResult()


if __name__ == "__main__":
    patch(Path(sys.argv[2]))
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
