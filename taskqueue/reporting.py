"""A worker's account of itself: into the registry every few seconds, and as metrics every minute. From a thread, so that nothing waits.

Imported by workers alone, by Celery's setting `imports` (see `operating`). Whatever goes wrong here costs a line in the log and no more.
"""

from __future__ import annotations

import logging
import os
import platform
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import celery
from celery import Celery, signals
from celery.worker import state

from taskqueue import clients, instance, memory, metrics, operating
from taskqueue.drain import leaving
from taskqueue.pauses import Pauses
from taskqueue.queues import look
from taskqueue.registry import BEAT_SECONDS, Registry, RunningTask, Worker
from taskqueue.tally import Tally, started_requests

log = logging.getLogger(__name__)

METRICS_SECONDS = 60
DRAINING, OVER = "draining", "over"
LAST_WORD_SECONDS = 1.5  # a worker that stops waits no longer than this for the registry


class Reporter:
    """Says what the worker behind `consumer` does. `tally` counts its tasks."""

    def __init__(self, consumer: Any, tally: Tally) -> None:
        self._consumer = consumer
        self._app: Celery = consumer.app
        self._tally = tally
        self._started_at = _now()
        self._versions: dict[str, str] = {}
        self._instance: str | None = None
        self._draining = False
        # Put into by signal handlers, in which an Event must not be set.
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._name = f"{consumer.hostname}/{os.getpid()}"
        self._table = operating.setting(self._app, operating.REGISTRY)
        self._every = float(self._app.conf.get(operating.BEAT) or BEAT_SECONDS)
        self._metrics_every = float(self._app.conf.get(operating.METRICS_EVERY) or METRICS_SECONDS)
        self._namespace = operating.setting(self._app, operating.METRICS)
        self._dynamodb = clients.make("dynamodb", attempts=1) if self._table else None
        # Before the event loop turns, and so before the first poll: a worker that starts reads no queue that is paused.
        self._follow_pauses()
        signals.worker_shutting_down.connect(self._on_shutting_down)
        signals.worker_shutdown.connect(self._on_shutdown)
        leaving.connect(self._on_shutdown)
        self._thread = threading.Thread(target=self._run, name="taskqueue-reporting", daemon=True)
        self._thread.start()

    def account(self) -> Worker:
        """What there is to say at this moment."""
        running = started_requests()
        return Worker(
            worker=self._name,
            host=socket.gethostname(),
            instance=self._instance,
            started_at=self._started_at,
            heartbeat_at=_now(),
            draining=self._draining or state.should_stop is not None,
            versions=self._versions,
            queues=tuple(one.name for one in self._consumer.task_consumer.queues) if self._consumer.task_consumer else (),
            paused=tuple(sorted(self._consumer.paused)),
            memory_bytes=memory.used([os.getpid(), *self._consumer.processes()]),
            processes=int(self._consumer.pool.num_processes),
            busy=len(running),
            running=tuple(_running_task(request) for request in running),
            last_poll_at=_last_poll(self._consumer),
            done=self._tally.done,
            failed=self._tally.failed,
            redelivered=self._tally.redelivered,
            duplicates=self._tally.duplicates,
        )

    def _run(self) -> None:
        self._attempt("learn the versions", self._learn)
        registry = Registry(self._dynamodb, self._table) if self._dynamodb else None
        measured = metrics.Measured.of(self.account(), self._busy_seconds(), time.monotonic())
        while True:
            if registry:
                self._follow_pauses()
                self._attempt("write to the registry", lambda: registry.put(self.account()))
            if self._namespace and time.monotonic() - measured.at >= self._metrics_every:
                before, measured = measured, metrics.Measured.of(self.account(), self._busy_seconds(), time.monotonic())
                self._attempt("write metrics", self._emit, before, measured)
            if self._is_over():
                break
        if registry:
            self._attempt("sign off from the registry", registry.remove, self._name)

    def _follow_pauses(self) -> None:
        """What can't be read stays as it was."""
        if self._dynamodb:
            pauses = Pauses(self._dynamodb, self._table)
            self._attempt("read which queues are paused", lambda: self._consumer.pause(frozenset(pauses.all())))

    def _is_over(self) -> bool:
        """After the pause between two beats, or as soon as there is news."""
        try:
            return self._news.get(timeout=self._every) == OVER
        except queue.Empty:
            return False

    def _emit(self, before: metrics.Measured, after: metrics.Measured) -> None:
        lines = metrics.of_worker(before, after, self._tally.take_seconds(), namespace=self._namespace, worker=self._name)
        metrics.write(lines)
        metrics.write(metrics.of_queues(look(self._app, clients.make("sqs", attempts=1)), namespace=self._namespace))

    def _busy_seconds(self) -> float:
        """Of all processes together since the start, what is running now included."""
        now = time.time()
        return self._tally.busy_seconds + sum(max(0.0, now - float(request.time_start)) for request in started_requests())

    def _learn(self) -> None:
        self._versions = {"python": platform.python_version(), "celery": celery.__version__}
        metadata = instance.from_environment()
        if metadata:
            try:
                self._instance = metadata.get("instance-id")
            except instance.NoMetadata as error:
                log.info("no instance metadata (%s): the registry will not name the instance", error)
        tell: Callable[[], Mapping[str, str]] | None = operating.hook(self._app, operating.VERSIONS)
        if tell:
            self._versions |= {str(name): str(version) for name, version in tell().items()}

    def _attempt(self, what: str, do: Callable[..., None], *arguments: Any) -> None:
        try:
            do(*arguments)
        except Exception as error:  # noqa: BLE001  # an outage, a wrong name, a bug: the tasks are more important than this
            log.warning("could not %s: %s: %s", what, type(error).__name__, error)

    def _on_shutting_down(self, **_: Any) -> None:
        self._draining = True
        self._news.put(DRAINING)

    def _on_shutdown(self, **_: Any) -> None:
        self._news.put(OVER)
        self._thread.join(LAST_WORD_SECONDS)


def _running_task(request: Any) -> RunningTask:
    started_at = datetime.fromtimestamp(request.time_start, UTC)
    return RunningTask(id=str(request.id), name=str(request.name), started_at=started_at)


def _last_poll(consumer: Any) -> datetime | None:
    """When our transport last heard from SQS; None with another transport."""
    intake = getattr(getattr(consumer, "channel", None), "intake", None)
    if intake is None:
        return None
    ago: float = time.monotonic() - intake.polling.completed_at
    return _now() - timedelta(seconds=ago)


def _now() -> datetime:
    return datetime.now(UTC)


_tallies: dict[int, Tally] = {}  # by the worker's main process, so that a child that imports this has none of its own


@signals.worker_init.connect
def _before_the_pool(*, sender: Any = None, **_: Any) -> None:
    wanted = operating.setting(sender.app, operating.REGISTRY) or operating.setting(sender.app, operating.METRICS)
    if wanted:
        _tallies[os.getpid()] = Tally()


_reporters: list[Reporter] = []  # Celery holds the receivers of its signals weakly


@signals.worker_ready.connect
def _when_ready(*, sender: Any = None, **_: Any) -> None:
    if os.getpid() in _tallies:
        _reporters.append(Reporter(sender, _tallies[os.getpid()]))
