"""One running process: in a group of its own, its lines handed on as they come, its end certain."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox import guard
from sandbox.guard import Guard

_LINE_LIMIT = 1024 * 1024  # bytes of a line that we hold; a longer one is written in pieces
_LAST_LINES = 15
_LAST_WORDS_SECONDS = 2.0  # until its output is given up, if a process that left the group holds it open


class NotUp(Exception):
    """A process did not come up, or a step failed. The message says which one, what happened, and its last lines."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to start: its name in the log, its command, and its whole environment (nothing is inherited)."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    seconds: float = 60.0
    """How long it may take: until it is ready, where it is one that goes on running; until it ends, where it is one that does."""
    ready: str = ""
    """An address that answers 200 once it is ready, or words that it writes then. Empty: it is ready at once."""
    ends_quietly: bool = False
    """What it writes while it is being stopped is of no use."""
    own_stderr: bool = True
    """False: its stderr is the terminal's, for a progress bar."""


class Child:
    """A started Program. `last` holds its latest lines."""

    def __init__(
        self, process: asyncio.subprocess.Process, output: asyncio.StreamReader, *, watcher: Guard, on_line: Callable[[str], None]
    ) -> None:
        self.last: deque[str] = deque(maxlen=_LAST_LINES)
        self._process = process
        self._on_line = on_line
        watcher.watch(process.pid)
        self._reading = asyncio.create_task(self._read(output))
        self._ending = asyncio.create_task(self._finish(watcher))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._ending.done()

    async def wait(self) -> int:
        """Wait until it has ended, with all that it had started. Returns its exit status, negative for a signal."""
        return await asyncio.shield(self._ending)

    async def end(self, *, grace: float, hurry: asyncio.Event | None = None) -> None:
        """Ask it to stop, and make it after `grace` seconds, or as soon as `hurry` is set."""
        if grace and not self.has_ended:
            guard.ask(self.pid)
            hurrying = asyncio.create_task((hurry or asyncio.Event()).wait())
            await asyncio.wait([self._ending, hurrying], timeout=grace, return_when=asyncio.FIRST_COMPLETED)
            hurrying.cancel()
        if not self.has_ended:
            guard.end(self.pid, signal_number=signal.SIGKILL)
        await self.wait()

    async def _finish(self, watcher: Guard) -> int:
        code = await self._process.wait()
        guard.end(self.pid, signal_number=signal.SIGKILL)  # a worker that was killed leaves its pool behind
        await asyncio.wait([self._reading], timeout=_LAST_WORDS_SECONDS)
        watcher.forget(self.pid)
        return code

    async def _read(self, output: asyncio.StreamReader) -> None:
        async for line in _lines(output):
            self.last.append(line)
            self._on_line(line)


async def spawn(program: Program, *, folder: Path, watcher: Guard, on_line: Callable[[str], None]) -> Child:
    """Start it in this folder. It gets no input, and stdout and stderr are one stream of lines. Raises NotUp."""
    # With asyncio's own PIPE, waiting for a process would be waiting for all who hold its output: also for what it left behind.
    reading, writing = os.pipe()
    try:
        output = await _reader(reading)
        process = await asyncio.create_subprocess_exec(
            *program.command,
            env=program.environment,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=asyncio.subprocess.STDOUT if program.own_stderr else None,
            start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone, which then stops all in order
        )
    except FileNotFoundError:
        raise NotUp(f"{program.name} is not installed: there is no {program.command[0]}. `make setup` installs what is missing") from None
    finally:
        os.close(writing)
    return Child(process, output, watcher=watcher, on_line=on_line)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    stream = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb"))
    return stream


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    rest = b""
    while chunk := await stream.read(_LINE_LIMIT):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LINE_LIMIT:
            whole, rest = [*whole, rest], b""
        for line in whole:
            yield line.decode(errors="replace").rstrip()
    if rest:
        yield rest.decode(errors="replace").rstrip()


def ended(code: int) -> str:
    """How a process ended, in words.

    >>> ended(1), ended(-9)
    ('ended with exit status 1', 'ended by signal 9')
    """
    return f"ended by signal {-code}" if code < 0 else f"ended with exit status {code}"


def failure(program: Program, child: Child, what: str) -> str:
    """A sentence about a program that failed, with the last that it wrote."""
    if not program.own_stderr:
        return f"{program.name} {what}. What it had to say stands above"
    said = "".join(f"\n    {line}" for line in child.last)
    return f"{program.name} {what}. The last that it wrote:{said}" if said else f"{program.name} {what}, and wrote nothing"
