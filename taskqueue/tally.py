"""How many tasks a worker has done, and how long they took: told by its pool's processes, summed in its main process.

Celery tells the main process of a success through a class that it makes itself and nobody can extend, so the processes tell it, with one
short line through a pipe for each task. What was started and ended without a line was killed, and counts as failed.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import random
import threading
import time
from collections import OrderedDict, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from celery import signals
from celery.worker import state

log = logging.getLogger(__name__)

PIPE_BYTES = 1 << 20
REMEMBERED = 10_000  # ids of finished tasks, to know one that comes again
SAMPLE = 100  # of the seconds of a kind of task: as many as CloudWatch takes in one line


@dataclass
class Seconds:
    """How long tasks of one name took: their sum, and a fair sample of at most SAMPLE."""

    count: int = 0
    total: float = 0
    sample: list[float] = field(default_factory=list)

    def add(self, seconds: float) -> None:
        self.count += 1
        self.total += seconds
        if len(self.sample) < SAMPLE:
            self.sample.append(seconds)
        elif (place := random.randrange(self.count)) < SAMPLE:  # noqa: S311  # fair, not secret
            self.sample[place] = seconds


class Tally:
    """The sums of one worker. Made before its pool is, so that its processes inherit the pipe."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)  # a task never waits for its being counted
        with suppress(OSError, AttributeError):  # more than the system allows, or not Linux
            fcntl.fcntl(self._writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._lock = threading.Lock()
        self._started: dict[str, float] = {}  # in a pool's process: task id → when
        self._finished: OrderedDict[str, None] = OrderedDict()
        self._seconds: dict[str, Seconds] = defaultdict(Seconds)
        self.done = self.reported_failed = self.reported_again = self.redelivered = self.duplicates = 0
        self.busy_seconds = 0.0  # of tasks that have ended
        signals.task_prerun.connect(self._on_start)
        signals.task_postrun.connect(self._on_end)
        threading.Thread(target=self._run, name="taskqueue-tally", daemon=True).start()

    @property
    def failed(self) -> int:
        ended = state.all_total_count[0] - len(started_requests())
        silent = ended - self.done - self.reported_failed - self.reported_again
        return self.reported_failed + max(0, silent)

    def take_seconds(self) -> dict[str, Seconds]:
        """By task name, since this was last asked."""
        with self._lock:
            taken, self._seconds = self._seconds, defaultdict(Seconds)
        return taken

    def _on_start(self, *, task_id: str, **_: Any) -> None:
        self._started[task_id] = time.monotonic()

    def _on_end(self, *, task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
        seconds = time.monotonic() - self._started.pop(task_id, time.monotonic())
        again = bool((task.request.delivery_info or {}).get("redelivered"))
        with suppress(OSError):  # full, or nobody reads any more
            os.write(self._writer, json.dumps([task_id, task.name, state or "", round(seconds, 4), again]).encode() + b"\n")

    def _run(self) -> None:
        with os.fdopen(self._reader, "rb") as lines:
            for line in lines:
                try:
                    self._count(*json.loads(line))
                except (TypeError, ValueError) as error:
                    log.warning("a task was not counted: %s", error)

    def _count(self, task_id: str, name: str, ended: str, seconds: float, redelivered: bool) -> None:  # noqa: FBT001  # as it comes from JSON
        with self._lock:
            self._seconds[name].add(seconds)
            self.busy_seconds += seconds
            self.redelivered += redelivered
            self.duplicates += task_id in self._finished
            if ended == "SUCCESS":
                self.done += 1
                self._finished[task_id] = None
                if len(self._finished) > REMEMBERED:
                    self._finished.popitem(last=False)
            elif ended in {"RETRY", "IGNORED"}:
                self.reported_again += 1
            else:
                self.reported_failed += 1


def started_requests() -> list[Any]:
    """Celery's requests that run at this moment. From any thread: a copy of a dictionary's values is made in one go."""
    requests: dict[str, Any] = state.requests
    return [request for request in list(requests.values()) if request.time_start is not None]
