"""moto's server, with what a rehearsal needs and moto lacks added. Each addition models what AWS does.

- Permissions are asked for each resource, and conditions are looked at: `asking` says how.
- An operator's roll finds machines, target health and instance refreshes: `machines`.
- CompleteLifecycleAction is taken.
- That a role isn't in an instance profile is said, where it is to be taken out of it. (moto breaks; Terraform, where it has heard no
  answer and asks again, would go on for ten minutes.)

`python -m deploy.rehearse.emulator PORT FOLDER` serves on this port, and keeps in the empty folder the machines, and in its file `asked`
what was permitted to whom.
"""

from __future__ import annotations

import sys
from pathlib import Path

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend
from moto.server import main

from deploy.rehearse import asking, machines


def patch(folder: Path) -> None:
    """Add to this process's moto what the module says."""
    asking.patch(folder / "asked")
    machines.patch(folder / "machines")
    AutoScalingResponse.complete_lifecycle_action = _complete  # type: ignore[attr-defined]
    IAMBackend.remove_role_from_instance_profile = _take_out  # type: ignore[method-assign]


def _complete(_: AutoScalingResponse) -> ActionResult:
    return EmptyResult()


_taken_out = IAMBackend.remove_role_from_instance_profile


def _take_out(self: IAMBackend, profile_name: str, role_name: str) -> None:
    if role_name not in {role.name for role in self.get_instance_profile(profile_name).roles}:
        raise NotFoundException(f"Role {role_name} is not in the instance profile {profile_name}.")
    _taken_out(self, profile_name, role_name)


if __name__ == "__main__":
    patch(Path(sys.argv[2]))
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
