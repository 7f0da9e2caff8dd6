"""The service's processes for tests, each started as it is in use: the site, a worker, and the stand-in of Telegram."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.emulators import ROOT

T = TypeVar("T")
START_SECONDS = 60  # a busy machine's worst


@dataclass(frozen=True)
class Running:
    """A process that is up; its output is in `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        return self.log.read_text(errors="replace")


@contextlib.contextmanager
def site(
    environment: Mapping[str, str], *, port: int, log: Path, python: str = sys.executable, armed: Sequence[str] = ()
) -> Iterator[Running]:
    """The site on `port` of 127.0.0.1, answering. `armed` is what tests.armed takes before the module."""
    command = [
        python,
        "-m",
        *_arming(armed),
        "uvicorn",
        "polysite.asgi:application",
        "--port",
        str(port),
        "--lifespan",
        "off",
        "--no-access-log",
    ]
    with _running(command, environment, log, lambda _: _answers(f"http://127.0.0.1:{port}/healthz")) as running:
        yield running


@contextlib.contextmanager
def worker(
    environment: Mapping[str, str], *, log: Path, python: str = sys.executable, concurrency: int = 1, armed: Sequence[str] = ()
) -> Iterator[Running]:
    """A worker of all queues, taking tasks. `armed` as for the site."""
    options = ["-A", "detection.celery", "worker", "--queues", "answers,photos,photos-bulk", "--concurrency", str(concurrency)]
    with celery(options, environment, log=log, python=python, armed=armed) as running:
        yield running


@contextlib.contextmanager
def celery(
    options: Sequence[str], environment: Mapping[str, str], *, log: Path, python: str = sys.executable, armed: Sequence[str] = ()
) -> Iterator[Running]:
    """A worker of any project, as `celery` is told by `options`; taking tasks."""
    with _running([python, "-m", *_arming(armed), "celery", *options], environment, log, lambda output: " ready." in output) as running:
        yield running


@contextlib.contextmanager
def telegram(*, token: str, log: Path, state: Path) -> Iterator[str]:
    """A stand-in of Telegram with this one bot; yields its address."""
    command = [sys.executable, "-m", "sandbox.telegram", "--port", "0", "--state", str(state), "--token", token, "--retry-base", "0.2"]
    with _running(command, {}, log, _address) as running:
        yield _address(running.output())


def wait_for(look: Callable[[], T | None], *, seconds: float, what: str) -> T:
    """What `look` returns as soon as that is something; AssertionError with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:g} s")


def _arming(armed: Sequence[str]) -> list[str]:
    return ["tests.armed", *armed] if armed else []


@contextlib.contextmanager
def _running(command: list[str], environment: Mapping[str, str], log: Path, ready: Callable[[str], object]) -> Iterator[Running]:
    """The command in a process group of its own, which is ended, children too, whatever happens."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**inherited, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(process, log)
    try:
        _wait(running, ready)
        yield running
    finally:
        _end(process)


def _wait(running: Running, ready: Callable[[str], object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready(running.output()):
        if running.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"{running.process.args!r} did not start:\n{running.output()[-4000:]}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _address(output: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", output)
    return found[0] if found else ""
