"""End a worker that has stopped working without noticing, so that its supervisor starts another; and say how it is meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from taskqueue.health import Health

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0


class Watched(Protocol):
    """What is looked at. Times are those of `time.monotonic`."""

    @property
    def polled_at(self) -> float:
        """A poll came to its end, whether it brought messages, nothing or an error."""

    @property
    def turned_at(self) -> float:
        """The event loop went round."""

    @property
    def draining(self) -> bool: ...

    def has_room(self) -> bool: ...

    def replace_stuck(self) -> None: ...


@dataclass
class Patience:
    """How long what is due has been waited for. Pure: times come in, a verdict goes out."""

    limit: float
    free_since: float | None = None

    def overdue(self, watched: Watched, now: float) -> str | None:
        """What is overdue; None while nothing is."""
        if watched.draining:
            return None  # the drain has a limit of its own
        if not watched.has_room():
            self.free_since = None
        elif self.free_since is None:
            self.free_since = now
        if now - watched.turned_at > self.limit:
            return f"the event loop has not turned for {now - watched.turned_at:.0f} s"
        # A poll that fails is tried again, and a new process would do no better: only one that doesn't end counts.
        if self.free_since is not None and now - max(watched.polled_at, self.free_since) > self.limit:
            return f"no poll has come to its end for {now - watched.polled_at:.0f} s, with room for more"
        return None


def watch(watched: Watched, *, limit: float, health: Health, end: Callable[[], None]) -> threading.Event:
    """In a thread: call `end` once something is overdue, and keep `health` up to date. Set the event to stop it."""
    stopped = threading.Event()
    threading.Thread(target=_watch, args=(watched, Patience(limit), health, end, stopped), name="taskqueue-watchdog", daemon=True).start()
    return stopped


def _watch(watched: Watched, patience: Patience, health: Health, end: Callable[[], None], stopped: threading.Event) -> None:
    while not stopped.wait(TICK_SECONDS):
        now = time.monotonic()
        why = patience.overdue(watched, now)
        health.write(live=why is None, ready=why is None and not watched.draining, polled=now - watched.polled_at)
        if why:
            log.critical("worker ends itself: %s", why)
            end()
            return
        watched.replace_stuck()
    health.write(live=True, ready=False, polled=time.monotonic() - watched.polled_at)
