"""Emulated AWS for tests: real HTTP servers on free ports of this machine, one of each a test process."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def ministack() -> Iterator[str]:
    """A ministack server; yields its URL."""
    port = free_port()
    environment = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0"}
    with _server([str(ROOT / ".venv/ministack/bin/ministack")], environment, f"http://127.0.0.1:{port}") as url:
        yield url


@contextlib.contextmanager
def moto() -> Iterator[str]:
    """A moto server; yields its URL."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _server(command, {}, f"http://127.0.0.1:{port}") as url:
        yield url


@contextlib.contextmanager
def _server(command: list[str], environment: dict[str, str], url: str) -> Iterator[str]:
    # warnings-as-errors is for our processes, not for theirs
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHONWARNINGS"))}
    with subprocess.Popen(
        command, env=inherited | environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(url, process)
            yield url
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers, if only to say that it doesn't serve this
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer within 30 s")
