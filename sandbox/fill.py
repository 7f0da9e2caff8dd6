"""`python -m sandbox fill`: a made-up month of predictions in a sandbox's state, whether it is up or not."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sandbox import programs
from sandbox.child import NotUp
from sandbox.console import Console
from sandbox.environment import Setup
from sandbox.ports import Ports, free_ports
from sandbox.programs import ROOT
from sandbox.state import State, StateInUse, opened
from sandbox.supervisor import Supervisor


def fill(*, folder: Path, at: Ports, predictions: int, seed: int) -> int:
    """0: made. 1: something failed, or this seed's predictions are there already."""
    try:
        with opened(folder) as state:
            # Nobody else uses this embedded AWS, so its port is of no concern.
            return asyncio.run(_fill(Setup(state=state, ports=free_ports(), outer=os.environ), predictions, seed, is_up=False))
    except StateInUse:  # by `up`, whose embedded AWS takes them
        return asyncio.run(_fill(Setup(state=State(folder), ports=at, outer=os.environ), predictions, seed, is_up=True))


async def _fill(setup: Setup, predictions: int, seed: int, *, is_up: bool) -> int:
    try:
        async with Supervisor(Console(sys.stdout), folder=ROOT) as supervisor:
            if not is_up:
                await supervisor.start(programs.aws(setup))
                await supervisor.run(programs.provision(setup), quiet=True)
            await supervisor.run(programs.fill(setup, predictions=predictions, seed=seed))
    except NotUp as error:
        print(f"python -m sandbox fill: {error}", file=sys.stderr)
        return 1
    return 0
