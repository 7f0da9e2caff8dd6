"""The Celery app that every subject runs. Its tasks write down when they begin and end, nothing else.

The environment: BENCH_SETTINGS (a subject's), BENCH_QUEUES (JSON, name → URL), BENCH_VISIBILITY (seconds), BENCH_TASKS (the
file of their events), BENCH_EFFECTS (an SQLite file), BENCH_NODE (the worker's name in the events).
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from celery import Celery

from benchmarks import effects
from benchmarks.events import Log
from benchmarks.subjects import settings

_log = Log(Path(os.environ["BENCH_TASKS"]))
_node = os.environ.get("BENCH_NODE", "")
_queues = json.loads(os.environ["BENCH_QUEUES"])
app = Celery("benchmarks")
app.conf.update(settings(os.environ["BENCH_SETTINGS"], _queues, visibility=int(os.environ.get("BENCH_VISIBILITY", "30"))))
app.conf.task_default_queue = next(iter(_queues))


def _note(event: str, key: str) -> None:
    _log(event, key=key, pid=os.getpid(), node=_node)


@app.task(name="bench.noop")
def noop(key: str) -> None:
    _note("start", key)
    _note("end", key)


@app.task(name="bench.nap")
def nap(key: str, seconds: float) -> None:
    _note("start", key)
    time.sleep(seconds)
    _note("end", key)


@app.task(name="bench.effect")
def effect(key: str, seconds: float) -> None:
    """Works for a while, then has its effect unless it has had it."""
    _note("start", key)
    time.sleep(seconds)
    effects.have(Path(os.environ["BENCH_EFFECTS"]), key, node=_node)
    _note("end", key)


@app.task(name="bench.fails")
def fails(key: str) -> None:
    _note("start", key)
    raise ValueError(key)


@app.task(name="bench.dies")
def dies(key: str) -> None:
    _note("start", key)
    os.kill(os.getpid(), signal.SIGKILL)
