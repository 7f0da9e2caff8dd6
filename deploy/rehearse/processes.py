"""Programs of the rehearsal: each with an environment of its own, its output in a file, and ended with its children whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.terraforming import HERE

ROOT = HERE.parent
START_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """A program that is up."""

    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        return self.log.read_text(errors="replace")


def free_port() -> int:
    """A port of this machine that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def plain(environment: Mapping[str, str]) -> dict[str, str]:
    """What any program needs, and these; nothing of this process's own AWS."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return inherited | {"PYTHONUNBUFFERED": "1", "NO_PROXY": "127.0.0.1,localhost"} | dict(environment)


@contextlib.contextmanager
def started(*module: str, environment: Mapping[str, str], log: Path, ready: Callable[[Running], bool]) -> Iterator[Running]:
    """`python -m module …`, as soon as it is ready. Raises RuntimeError with its last words where it isn't within a minute."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env=plain(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(process, log)
    try:
        wait_until(lambda: ready(running) or process.poll() is not None, seconds=START_SECONDS)
        if process.poll() is not None or not ready(running):
            raise RuntimeError(f"python -m {' '.join(module)} did not start:\n{running.output()[-4000:]}")
        yield running
    finally:
        _end(process)


def ended(*arguments: str, environment: Mapping[str, str], seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """`python …`, to its end."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=plain(environment), capture_output=True, text=True, timeout=seconds, check=False
    )


def wait_until(look: Callable[[], object], *, seconds: float) -> bool:
    """True as soon as `look` says so; False where it doesn't in this time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if look():
            return True
        time.sleep(0.1)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
