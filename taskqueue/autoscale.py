"""`celery worker --autoscale=max,min`: grow when messages wait, shrink after quiet, and never end a process that has work.

Set by `worker_autoscaler`. The quiet is AUTOSCALE_KEEPALIVE seconds, as with Celery's own.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery.worker import state
from celery.worker.autoscale import AUTOSCALE_KEEPALIVE  # type: ignore[attr-defined]  # not in the stubs
from celery.worker.autoscale import Autoscaler as CeleryAutoscaler

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0


class Autoscaler(CeleryAutoscaler):
    """Counts what waits with the transport too: the transport hands over no more than can run."""

    pool: Any
    _grow: Any  # Celery's

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.quiet = float(AUTOSCALE_KEEPALIVE)
        self.keepalive = TICK_SECONDS  # how often Celery calls `maybe_scale`
        self._needed_at = time.monotonic()  # the last time that all processes had something to do

    @property
    def qty(self) -> int:
        consumer: Any = getattr(self.worker, "consumer", None)
        waiting = consumer.waiting() if hasattr(consumer, "waiting") else 0
        return len(state.reserved_requests) + int(waiting)

    def _maybe_scale(self, req: Any = None) -> bool | None:  # noqa: ARG002  # Celery's own signature
        wanted, processes = self.qty, self.processes
        if wanted >= processes:
            self._needed_at = time.monotonic()
        if processes < min(max(wanted, self.min_concurrency), self.max_concurrency):
            self._grow(min(max(wanted, self.min_concurrency), self.max_concurrency) - processes)
            return True
        spare = processes - max(wanted, self.min_concurrency)
        if spare > 0 and time.monotonic() - self._needed_at > self.quiet:
            self._shrink(spare)
            return True
        return None

    def _shrink(self, n: int) -> None:
        ended = shrink(self.pool._pool, n)  # noqa: SLF001  # billiard's pool; Celery's own `shrink` is its method
        if ended:
            log.info("Scaling down %d processes.", ended)


def shrink(pool: Any, count: int) -> int:
    """End up to `count` processes that have nothing to do; returns how many.

    billiard's own `shrink` takes a process for idle until it has said that it accepted its task, and sends it SIGTERM with the
    task already in its pipe (celery#7266). And a process that is about to end can still be written to. So: only those that
    nothing was written to, and from then on they count as busy, which keeps the pool from choosing them.
    """
    idle = [process for process in pool._pool if not _has_work(pool, process)][:count]  # noqa: SLF001  # billiard 4.x, pinned
    for process in idle:
        pool._busy_workers.add(process.inqW_fd)  # noqa: SLF001
        pool._processes -= 1  # noqa: SLF001  # from here on as billiard.pool.Pool.shrink
        if pool._putlock:  # noqa: SLF001
            pool._putlock.shrink()  # noqa: SLF001
        process.terminate_controlled()
        pool.on_shrink(1)
    return len(idle)


def _has_work(pool: Any, process: Any) -> bool:
    if process.inqW_fd in pool._busy_workers or process._controlled_termination:  # noqa: SLF001
        return True
    jobs = list(pool._cache.values())  # noqa: SLF001
    return any(process in (job._write_to, job._scheduled_for) or process.pid in job.worker_pids() for job in jobs)  # noqa: SLF001
