"""Celery's consumer, which tells the transport what can run and what runs, and ends as `drain` says. Set by `worker_consumer`."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from threading import Event
from typing import Any

from celery import signals
from celery.worker import state
from celery.worker.consumer import Consumer as CeleryConsumer
from kombu.exceptions import ContentDisallowed

from taskqueue import health, instance, lifecycle, options, receipt, watchdog
from taskqueue.drain import Drain
from taskqueue.holding import Held
from taskqueue.intake import Intake
from taskqueue.poison import Reason, Verdict
from taskqueue.transport import Channel

log = logging.getLogger(__name__)

CELERYS_REQUEST = "celery.worker.request:Request"
OUR_REQUEST = "taskqueue.request:Request"
FAILED = 70  # the exit status of a worker that ended itself: EX_SOFTWARE of sysexits.h


class Consumer(CeleryConsumer):
    """Where the broker is not ours, it is Celery's consumer and nothing more."""

    controller: Any  # Celery's worker
    prefetch_multiplier: int
    qos: Any
    drain: Drain | None = None
    metadata: instance.Metadata | None = None
    channel: Channel | None = None
    watching: Event | None = None
    paused: frozenset[str] = frozenset()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lost_receipts = receipt.open_folder()

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Any:
        """Called by Celery before its event loop turns for the first time, and again after it lost its broker."""
        channel: Any = self.connection.default_channel if self.connection else None
        if isinstance(channel, Channel):
            self.channel = channel
            channel.on_intake = self.on_intake
            signals.task_received.connect(self._on_received, sender=self)
            self._watch_for_the_end(options.from_transport(channel.transport_options))
        return super().create_task_handler(*args, **kwargs)

    def shutdown(self) -> None:
        """The last thing that Celery does: nothing runs any more, and the transport gives back what is left."""
        super().shutdown()
        receipt.close_folder(self.lost_receipts)
        if self.watching:
            self.watching.set()
        self._let_instance_go()

    def update_strategies(self) -> None:
        """Before the first message: tasks that have no request class of their own get ours."""
        for task in self.app.tasks.values():
            if task.Request == CELERYS_REQUEST:
                task.Request = OUR_REQUEST
        super().update_strategies()

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """The body can't be read. Celery's own answer is to delete it."""
        if not self._bury(message, Verdict(Reason.UNDECODABLE, f"{type(exc).__name__}: {exc}")):
            super().on_decode_error(message, exc)

    def on_unknown_message(self, body: Any, message: Any) -> None:
        if not self._bury(message, Verdict(Reason.UNDECODABLE, "it names no task")):
            super().on_unknown_message(body, message)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        if not self._bury(message, Verdict(Reason.UNKNOWN_TASK, f"no task is registered as {exc}")):
            super().on_unknown_task(body, message, exc)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        reason = Reason.UNDECODABLE if isinstance(exc, ContentDisallowed) else Reason.INVALID
        if not self._bury(message, Verdict(reason, str(exc))):
            super().on_invalid_task(body, message, exc)

    def _bury(self, message: Any, verdict: Verdict) -> bool:
        channel = message.channel
        if not isinstance(channel, Channel) or not channel.bury(message.delivery_tag, verdict):
            return False
        signals.task_rejected.send(sender=self, message=message, exc=None)
        return True

    def can_run(self) -> int:
        """How many more tasks could start at this moment."""
        return int(self.pool.num_processes) - len(state.reserved_requests)

    def waiting(self) -> int:
        """How many messages are held that could not be started yet."""
        intake = self._intake()
        return intake.holding.waiting() if intake else 0

    def capacity(self) -> int:
        """How many messages may be held with `--autoscale`: for the processes that there are, and one that asks for another."""
        scaler = self.controller.autoscaler
        processes, limit = int(self.pool.num_processes), int(scaler.max_concurrency)
        delayed = int(self.qos.value) - limit * self.prefetch_multiplier  # Celery raises it for each `eta`
        return processes * self.prefetch_multiplier + (processes < limit) + max(0, delayed)

    def pause(self, queues: frozenset[str]) -> None:
        """Take nothing of these queues until called again with others. From any thread."""
        if queues == self.paused:
            return
        log.info("paused queues: %s", ", ".join(sorted(queues)) or "none any more")
        self.paused = queues
        intake = self._intake()
        if intake:
            intake.pause(queues)

    def processes(self) -> Iterable[int]:
        """The process ids of the pool."""
        info = self.pool.info if self.pool else {}
        return list(info.get("processes", []))

    def _watch_for_the_end(self, chosen: options.Options) -> None:
        if self.drain:
            return
        self.drain = Drain(self._intake, grace=chosen.grace, processes=self.processes, last=self._let_instance_go)
        self.metadata = instance.from_environment()
        if self.metadata:
            instance.watch(self.metadata, self.drain.start, every=chosen.instance_every)

    def on_intake(self, intake: Intake) -> None:
        """The transport has begun to poll."""
        intake.can_run, intake.on_lost = self.can_run, _on_lost
        intake.pause(self.paused)
        scaler = getattr(self.controller, "autoscaler", None)
        if scaler:
            intake.capacity, intake.on_pressure = self.capacity, scaler.maybe_scale
        chosen, drain = intake.options, self.drain
        if drain and self.watching is None:
            end = partial(drain.end, FAILED)
            self.watching = watchdog.watch(intake, limit=chosen.watchdog, health=health.from_options(chosen.health_file), end=end)

    def _let_instance_go(self) -> None:
        if self.metadata:
            lifecycle.complete(self.metadata)

    def _intake(self) -> Intake | None:
        return self.channel.intake if self.channel else None

    def _on_received(self, *, request: Any, **_: Any) -> None:
        channel = request.message.channel
        if isinstance(channel, Channel):
            channel.attach(request)


def _on_lost(held: Held) -> None:
    """In the heartbeat's thread."""
    if held.request is None:
        log.warning("message %s of %s lost its receipt before it was started; another worker runs it", held.message_id, held.queue)
    else:
        log.warning("task %s lost its receipt: another worker may run it too", held.request.id)
        receipt.mark_lost(held.request.id)
