"""`python -m sandbox up`: the whole service on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sandbox import environment, ports
from sandbox.child import NotUp
from sandbox.console import Console
from sandbox.environment import Setup
from sandbox.model import Model
from sandbox.ports import Ports, PortTaken
from sandbox.programs import ADMIN, ROOT
from sandbox.start import Teller, start
from sandbox.state import State, StateInUse, opened
from sandbox.supervisor import Supervisor

STATE = ROOT / ".sandbox"


def up(*, folder: Path, at: Ports, concurrency: int, take_over: bool) -> int:
    """Run until told to stop: 0. 1: something did not come up. 2: a port or the state is in use, and nothing was started."""
    try:
        with opened(folder) as state:
            setup = Setup(state=state, ports=at, outer=os.environ, concurrency=concurrency, take_over=take_over)
            ports.check(at, with_chat=not setup.is_real)
            return asyncio.run(_up(setup, Console(sys.stdout)))
    except (PortTaken, StateInUse) as error:
        print(f"python -m sandbox up: {error}", file=sys.stderr)
        return 2


async def _up(setup: Setup, console: Console) -> int:
    tell = Teller(lambda text: console.line("sandbox", text))
    try:
        async with Supervisor(console, folder=ROOT) as supervisor:
            try:
                found = await start(supervisor, setup, tell)
                console.plain(_greeting(setup, model=found, seconds=tell.seconds))
                await asyncio.Event().wait()  # for ever: the supervisor cancels this when it is told to stop
            finally:
                tell("stopping; once more Ctrl-C to kill what takes its time")
    except asyncio.CancelledError:
        tell(f"stopped. What it knows is in {setup.state.folder}, for the next time")
    except NotUp as error:
        console.plain(f"\n{error}\n")
        return 1
    return 0


def _greeting(setup: Setup, *, model: Model, seconds: float) -> str:
    chat = "talk to your bot in Telegram" if setup.is_real else f"{setup.url(setup.ports.chat)}/"
    admin = f"{setup.url(setup.ports.site)}/admin/"
    return f"""
Up after {seconds:.1f} s.

  Chat    {chat}
  Admin   {admin}   (name: {ADMIN}, password: {setup.state.secrets().admin_password})
  Model   {model}
  State   {setup.state.folder}   (kept for the next time; remove it to begin anew)
  Stop    Ctrl-C
"""


def manage(*, folder: Path, at: Ports, arguments: list[str]) -> int:
    """Become `manage.py` with these arguments, in the site's environment. Returns only if that can't be."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    setup = Setup(state=State(folder), ports=at, outer=os.environ)
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "manage.py", *arguments], environment.site(setup))  # noqa: S606 - no shell wanted
