"""Stop in time: take nothing more, give back what hasn't started, let what runs end, and be gone when the grace period is over.

Started by SIGTERM, by Celery's other warm shutdowns, and by what `instance` hears of the machine's end. A second SIGTERM ends
the grace period at once.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

from celery import signals
from celery.utils.dispatch import Signal

log = logging.getLogger(__name__)

# A task that ran is given back at the end of the grace period: an attempt that ended by no fault of the task's. Receivers get
# Celery's `request`.
given_back = Signal(name="given_back")
# The worker ends without Celery's own way to its end, which would have told of it.
leaving = Signal(name="leaving")


class Stoppable(Protocol):
    """What a drain needs of the transport."""

    def stop_taking(self) -> None: ...

    def abandon(self, kill: Callable[[], None]) -> list[Any]: ...


class Drain:
    """A thread that waits for the signal. `taking` is what to stop, `processes` are those that tasks run in, `last` is done last."""

    def __init__(
        self, taking: Callable[[], Stoppable | None], *, grace: float, processes: Callable[[], Iterable[int]], last: Callable[[], None]
    ) -> None:
        self._taking = taking
        self._grace = grace
        self._processes = processes
        self._last = last
        self._pid = os.getpid()
        # Written to by a signal handler, which may interrupt anything: a lock could be held by the very thread that it stops.
        self._reader, self._writer = os.pipe()
        signals.worker_shutting_down.connect(self._on_shutting_down)
        threading.Thread(target=self._run, name="taskqueue-drain", daemon=True).start()

    def start(self, why: str) -> None:
        """As if SIGTERM had come from outside: Celery's own way to its end is the same then."""
        log.warning("draining: %s", why)
        os.kill(self._pid, signal.SIGTERM)

    def _on_shutting_down(self, *, how: str = "Warm", **_: Any) -> None:
        if how == "Warm":  # a cold shutdown kills what runs and closes the channel, which gives all of it back
            os.write(self._writer, b".")

    def _run(self) -> None:
        os.read(self._reader, 1)
        at = time.monotonic()
        taking = self._taking()
        if taking:
            taking.stop_taking()
        log.warning("draining: nothing more is taken, what waits is given back; what runs has %g s", self._grace)
        hurried, _, _ = select.select([self._reader], [], [], max(0, at + self._grace - time.monotonic()))
        log.warning("draining: %s, what still runs is given back", "told twice" if hurried else "the grace period is over")
        self.end(0)

    def end(self, status: int) -> None:
        """Give back what runs, and be gone: whatever the main thread waits for, it had its time. Its processes die with it."""
        taking = self._taking()
        for request in taking.abandon(self._kill) if taking else []:
            given_back.send(sender=self, request=request)
        leaving.send(sender=self)
        self._last()
        logging.shutdown()
        os._exit(status)

    def _kill(self) -> None:
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
