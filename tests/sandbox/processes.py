"""Small programs for the supervisor's tests, and questions about processes."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from sandbox.child import Program

SLEEP = "import time; print('ready', flush=True); time.sleep(600)"


def program(code: str, *arguments: object, name: str = "dummy", **settings: Any) -> Program:
    """A Python program of these lines, which begins at once."""
    return Program(name=name, command=(sys.executable, "-I", "-S", "-c", code, *map(str, arguments)), environment={}, **settings)


def is_running(pid: int) -> bool:
    """Whether it lives; a zombie, which waits for a parent that is gone, does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until(condition: Callable[[], bool], *, seconds: float = 15) -> None:
    """Return as soon as it holds; TimeoutError if it doesn't."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - of another process, or of the log
            await asyncio.sleep(0.02)


def numbers(path: Path) -> list[int]:
    """The numbers in a file, one a line; none where it isn't there yet."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def of_folder(folder: Path) -> list[list[str]]:
    """The commands of all processes whose TMPDIR is in this folder: a sandbox hands that variable on to everything it starts."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("TMPDIR", "").startswith(str(folder)) and is_running(process.pid):
                found.append(process.cmdline())
    return found


def child_of(pid: int, word: str) -> int:
    """The process, of those that this one started, which has this word in its command."""
    return next(child.pid for child in psutil.Process(pid).children() if word in " ".join(child.cmdline()))


def listening_on(port: int) -> int:
    """The process, of those that this one started, which listens on this port: a test has emulators of its own beside the sandbox's."""
    children = psutil.Process().children(recursive=True)
    return next(one.pid for one in children if any(link.laddr.port == port for link in one.net_connections() if link.status == "LISTEN"))


def white_jpeg() -> bytes:
    """A photo of nothing, 640 by 480."""
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "white").save(out, "JPEG")
    return out.getvalue()
