"""A Celery project as another project would have it: its queues, its tasks, and our settings. Workers of the tests run it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from celery import Celery
from celery.exceptions import Reject
from celery.signals import worker_ready

from taskqueue import receipt
from taskqueue.config import celery_settings
from taskqueue.drain import given_back
from taskqueue.poison import Letter, poisoned


def settings() -> dict[str, Any]:
    chosen: dict[str, Any] = celery_settings(json.loads(os.environ["QUEUES"])) | json.loads(os.environ.get("SETTINGS", "{}"))
    chosen["broker_transport_options"] |= json.loads(os.environ.get("OPTIONS", "{}"))
    return chosen


app = Celery("samples", set_as_current=False)
app.add_defaults(settings)


def note(event: str, text: str) -> None:
    """One line in the file that the test reads; a short line is written whole, whoever else writes."""
    line = f"{event} {text} {os.getpid()} {time.time():.3f}\n"
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(line)


@app.task(name="run")
def run(text: str, seconds: float = 0) -> None:
    note("started", text)
    time.sleep(seconds)
    note("ended", text)


@app.task(name="fail")
def fail(text: str) -> None:
    note("started", text)
    raise ValueError(f"no {text}")


@app.task(name="die")
def die(text: str) -> None:
    note("started", text)
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="wait", bind=True)
def wait(self: Any, text: str, seconds: float) -> None:
    """Wait until the receipt is lost."""
    note("started", text)
    deadline = time.time() + seconds
    while time.time() < deadline and not receipt.is_lost(self.request.id):
        time.sleep(0.1)
    note("lost" if receipt.is_lost(self.request.id) else "ended", text)


@app.task(name="refuse")
def refuse(text: str) -> None:
    note("started", text)
    raise Reject(reason="not this one", requeue=False)


@poisoned.connect
def tell(letter: Letter, **_: Any) -> None:
    note("poisoned", letter.message_id)
    if os.environ.get("HOOK_FAILS") and len(Path(os.environ["NOTES"]).read_text().splitlines()) <= int(os.environ["HOOK_FAILS"]):
        raise RuntimeError("the hook's own trouble")


@worker_ready.connect
def hang_when_told(**_: Any) -> None:
    """For a test of the watchdog: the main thread sleeps for ever from the signal that HANG_ON names."""
    if name := os.environ.get("HANG_ON"):
        signal.signal(signal.Signals[f"SIG{name}"], lambda *_: time.sleep(3600))


@given_back.connect
def tell_of_it(request: Any, **_: Any) -> None:
    note("given_back", request.args[0])
