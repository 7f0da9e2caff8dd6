"""kombu's SQS transport, with everything that a worker does with SQS on threads of its own.

Sending, and receiving without an event loop, are kombu's own. A worker's polling, deleting, giving back and extending are not:
see `intake`. Named by `broker_url = "taskqueue://"` once `taskqueue.config` has been imported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from amqp.protocol import queue_declare_ok_t
from botocore.config import Config
from kombu.transport import SQS, virtual
from kombu.transport.SQS.exceptions import UndefinedQueueException

from taskqueue import options
from taskqueue.delays import delay_of
from taskqueue.holding import Held
from taskqueue.intake import Intake
from taskqueue.poison import Reason, Verdict
from taskqueue.wake import Wake

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3
SETTLE_SECONDS = 8  # for an answer to a request that waits for nothing


class Channel(SQS.Channel):
    """A channel whose consumers are fed by an Intake, where there is an event loop to feed them in."""

    # Intake gives back what is not settled; kombu's own way is one request a message, at garbage collection too.
    do_restore = False
    hub: Any  # the event loop, in a worker
    _new_boto_client: Any
    _resolve_queue_url: Callable[[str], str]
    intake: Intake | None = None
    on_intake: Callable[[Intake], None] = staticmethod(lambda _: None)  # set by our consumer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wake: Wake | None = None
        self._collected: list[dict[str, Any]] | None = None

    def queue_declare(self, queue: str | None = None, passive: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # kombu's own signature
        """As kombu's, without asking SQS for the queue's size: nobody reads it, and a start must not depend on it."""
        if not self.predefined_queues or queue is None:
            return super().queue_declare(queue, passive, **kwargs)
        self._new_queue(queue)
        return queue_declare_ok_t(queue, 0, 0)

    def basic_consume(self, queue: str, no_ack: bool, callback: Any, consumer_tag: str | None, *args: Any, **kwargs: Any) -> Any:  # noqa: FBT001  # kombu's own signature
        """Consume from `queue`. The order of these calls is the order of the queues."""
        if self.hub is None or no_ack:
            return super().basic_consume(queue, no_ack, callback, consumer_tag, *args, **kwargs)
        virtual.Channel.basic_consume(self, queue, no_ack, callback, consumer_tag, *args, **kwargs)
        # After the last of them: all queues of a consumer are consumed from in one go.
        return self.hub.call_soon(self._start)

    def basic_cancel(self, consumer_tag: str) -> Any:
        found = super().basic_cancel(consumer_tag)
        if self.intake and not self._consumers:
            self.intake.stop_taking()
        return found

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:  # noqa: FBT001, FBT002  # kombu's own signature
        if self.intake and self.intake.ack(delivery_tag):
            self.qos.ack(delivery_tag)
            self._pump()  # a task has ended: the next one starts in this turn of the loop, not in the next but one
        else:
            super().basic_ack(delivery_tag, multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002  # kombu's own signature
        """It failed. Whether `requeue` or not: SQS has no other way to keep it than to show it again."""
        if self.intake and self.intake.fail(delivery_tag):
            self.qos.ack(delivery_tag)
        else:
            super().basic_reject(delivery_tag, requeue)

    def sqs(self, queue: str | None = None) -> Any:
        """The client to send with: one for all queues that have no credentials of their own, since each takes a while to make."""
        if self._collected is not None:
            return _Collector(self._collected)
        own = {"region", "access_key_id", "secret_access_key"} & self.predefined_queues.get(queue or "", {}).keys()
        return super().sqs(queue if own or self.transport_options.get("sts_role_arn") else None)

    @contextmanager
    def collecting(self) -> Iterator[list[dict[str, Any]]]:
        """While it lasts, nothing is sent: the list gets what would have been, as the arguments of SendMessage."""
        self._collected = []
        try:
            yield self._collected
        finally:
            self._collected = None

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        if queue not in self.predefined_queues and self.predefined_queues:
            raise UndefinedQueueException(f"no queue {queue!r} among {', '.join(self.predefined_queues)}")
        delay = delay_of(message, now=datetime.now(UTC))
        if delay is not None:
            message["properties"] = {**message["properties"], "DelaySeconds": delay}
        super()._put(queue, message, **kwargs)

    def close(self) -> None:
        if self.intake:
            self.hub.on_tick.discard(self.intake.tick)
            self.intake.close()
            self.intake = None
        if self._wake:
            self._wake.close()
            self._wake = None
        super().close()

    def _start(self) -> None:
        if self.intake or self.closed or not self._active_queues:
            return
        self._wake = Wake(self.hub, self._pump)
        self.intake = Intake(
            self._clients(),
            {queue: self._resolve_queue_url(queue) for queue in self._active_queues},
            options=options.from_transport(self.transport_options),
            capacity=self._capacity,
            deliver=self._deliver,
            wake=self._wake,
        )
        self.on_intake(self.intake)
        self.hub.on_tick.add(self.intake.tick)
        self.intake.start()

    def bury(self, delivery_tag: str, verdict: Verdict) -> bool:
        """To the dead-letter queue with it. False where it isn't one of ours."""
        self.qos.ack(delivery_tag)
        return self.intake is not None and self.intake.fail(delivery_tag, verdict)

    def attach(self, request: Any) -> None:
        """Note which request of Celery's a message has become: its start is what the heartbeat's limit counts from."""
        held = self.intake.holding.get(request.message.delivery_tag) if self.intake else None
        if held:
            held.request = request

    def _pump(self) -> None:
        if self.intake:
            self.intake.pump()

    def _capacity(self) -> int:
        return int(self.qos.prefetch_count) or 10 * SQS.SQS_MAX_MESSAGES

    def _deliver(self, held: Held) -> None:
        """To Celery, in the event loop's thread. Whatever it makes of it, the loop goes on."""
        try:
            # kombu keeps them there: virtual.Channel.basic_consume
            (self.connection._callbacks or {})[held.queue](held.payload)  # noqa: SLF001
        except Exception as error:  # noqa: BLE001  # told in the letter, and in the log by who buries it
            self.bury(held.tag, Verdict(Reason.UNDECODABLE, f"{type(error).__name__}: {error}"))

    def _clients(self) -> tuple[SQSClient, SQSClient]:
        """One for polls and one for everything else. No retries in them: the threads that use them have their own."""
        wait = options.from_transport(self.transport_options).wait
        return self._client(wait + 10), self._client(SETTLE_SECONDS)

    def _client(self, read_timeout: float) -> Any:
        # `predefined_queues` may name credentials of their own for each queue; one worker has one role, so the first decides.
        queue = self.predefined_queues.get(self._active_queues[0], {})
        return self._new_boto_client(
            service="sqs",
            region=queue.get("region", self.region),
            access_key_id=queue.get("access_key_id", self.conninfo.userid),
            secret_access_key=queue.get("secret_access_key", self.conninfo.password),
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=read_timeout,
                retries={"total_max_attempts": 1},
                tcp_keepalive=True,
                max_pool_connections=20,
            ),
        )


@dataclass
class _Collector:
    """Stands where a client does, and sends nothing."""

    collected: list[dict[str, Any]]

    def send_message(self, **arguments: Any) -> None:
        self.collected.append(arguments)


class Transport(SQS.Transport):
    """Named as `taskqueue://` in a broker URL."""

    Channel = Channel
