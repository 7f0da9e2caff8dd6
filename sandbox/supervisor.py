"""Starts processes, keeps them running, and stops them all, in the reverse order, however the end comes about."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Collection, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.child import NotUp, Program, ended, failure, spawn
from sandbox.console import Console
from sandbox.guard import Guard
from sandbox.kept import Hook, Kept

INTERRUPTED = 130  # the exit status of a command that Ctrl-C ended
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """A context: whatever was started in it is gone after it, and also if this very process is killed.

    Ctrl-C, SIGTERM and the closing of the terminal cancel the task that is in it; a second one lets nothing take its time to stop.
    `grace` is how many seconds a process has for that.
    """

    def __init__(self, console: Console, *, folder: Path, grace: float = 10.0) -> None:
        self._console = console
        self._folder = folder
        self._grace = grace
        self._kept: list[Kept] = []
        self._beside: list[asyncio.Task[None]] = []
        self._is_stopping = False
        self._hurry = asyncio.Event()
        self._watcher = Guard()

    async def __aenter__(self) -> Self:
        work = asyncio.current_task()
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._told_to_stop, work)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stop()
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    async def start(self, program: Program, *, on_restart: Hook | None = None) -> Kept:
        """Start a program, wait until it is ready, and keep it running from then on. Raises NotUp.

        `on_restart` is called each time that it has been started again.
        """
        kept = Kept(program, console=self._console, watcher=self._watcher, folder=self._folder, on_restart=on_restart)
        self._kept.append(kept)
        await kept.start()
        self.also(kept.keep())
        return kept

    async def run(self, program: Program, *, quiet: bool = False, fine: Collection[int] = (0,)) -> list[str]:
        """Run a program to its end and return its last lines. Raises NotUp unless it ends in its time, with a status that is `fine`."""

        def on_line(line: str) -> None:
            if not quiet:
                self._console.line(program.name, line)

        child = await spawn(program, folder=self._folder, watcher=self._watcher, on_line=on_line)
        try:
            async with asyncio.timeout(program.seconds):
                code = await child.wait()
        except TimeoutError:
            raise NotUp(failure(program, child, f"was not done within {program.seconds:.0f} s")) from None
        finally:
            await child.end(grace=0)
        if code not in fine:
            raise NotUp(failure(program, child, ended(code)))
        return list(child.last)

    async def restart(self, name: str) -> None:
        """End the program of this name, if it runs; it is then started again as after any end."""
        for kept in self._kept:
            if kept.program.name == name:
                await kept.restart()

    def also(self, work: Coroutine[object, object, None]) -> None:
        """Do this beside the rest, until everything is stopped."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._tell_mistake)
        self._beside.append(task)

    def say(self, text: str) -> None:
        """Write a line of the sandbox's own."""
        self._console.line("sandbox", text)

    def _tell_mistake(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self.say(f"a mistake in the sandbox itself: {error!r}")

    def _told_to_stop(self, work: asyncio.Task[object] | None) -> None:
        if self._is_stopping:
            self._hurry.set()
        elif work:
            self._is_stopping = True
            work.cancel()

    async def _stop(self) -> None:
        self._is_stopping = True
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        for kept in reversed(self._kept):
            await kept.stop(grace=self._grace, hurry=self._hurry)
        self._watcher.close()
