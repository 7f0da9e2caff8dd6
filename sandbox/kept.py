"""A program that is kept running: started again when it ends, until it is told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from sandbox.child import Child, NotUp, Program, ended, failure, spawn
from sandbox.console import Console
from sandbox.guard import Guard

_POLL_SECONDS = 0.05
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_RETRY_GRACE = 5.0
_STEADY_SECONDS = 10.0  # a process that ran for so long starts with a short pause again

Hook = Callable[[], Awaitable[None]]


class Kept:
    """A Program and the process that runs it now. `start` first, then `keep`, at the end `stop`."""

    def __init__(self, program: Program, *, console: Console, watcher: Guard, folder: Path, on_restart: Hook | None = None) -> None:
        self.program = program
        self._console = console
        self._watcher = watcher
        self._folder = folder
        self._on_restart = on_restart
        self._child: Child | None = None
        self._has_said_ready = False
        self._is_up = False
        self._is_shown = True

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    async def start(self) -> None:
        """Start it, and return once it is ready. Raises NotUp; what was started is gone then."""
        self._has_said_ready = False
        self._child = child = await spawn(self.program, folder=self._folder, watcher=self._watcher, on_line=self._take)
        try:
            async with asyncio.timeout(self.program.seconds):
                await self._until_ready(child)
        except TimeoutError:
            await child.end(grace=0)
            raise NotUp(failure(self.program, child, f"was not ready within {self.program.seconds:.0f} s")) from None
        self._is_up = True

    async def keep(self) -> None:
        """For ever: wait for its end, and start it again after a pause, which grows while it keeps ending."""
        pause = _FIRST_PAUSE
        while child := self._child:
            since = time.monotonic()
            how = ended(await child.wait())
            self._is_up = False
            pause = _FIRST_PAUSE if time.monotonic() - since > _STEADY_SECONDS else pause
            self._say(f"{how}; started again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            await self._start_again()

    async def restart(self) -> None:
        """End it if it is up, and leave the rest to `keep`."""
        if self._child and self._is_up:
            await self._child.end(grace=_RETRY_GRACE)

    async def stop(self, *, grace: float, hurry: asyncio.Event) -> None:
        """End it for good; `keep` must have been cancelled before."""
        self._is_shown = not self.program.ends_quietly
        if self._child:
            await self._child.end(grace=grace, hurry=hurry)

    async def _start_again(self) -> None:
        try:
            await self.start()
            if self._on_restart:
                await self._on_restart()
            self._say("up again")
        except NotUp as error:
            self._say(str(error))
            await self.restart()  # so that `keep` tries again

    async def _until_ready(self, child: Child) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            while not await self._is_ready(client):
                if child.has_ended:
                    raise NotUp(failure(self.program, child, ended(await child.wait())))
                await asyncio.sleep(_POLL_SECONDS)

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        if not self.program.ready.startswith("http"):
            return self._has_said_ready or not self.program.ready
        try:
            return (await client.get(self.program.ready)).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _take(self, line: str) -> None:
        self._has_said_ready = self._has_said_ready or self.program.ready in line
        if self._is_shown:
            self._console.line(self.program.name, line)

    def _say(self, text: str) -> None:
        self._console.line("sandbox", f"{self.program.name}: {text}")
