"""Ask the queues for messages, each from a thread of its own, in the order that `order` sets. No failure ends it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from taskqueue.holding import Held, Holding
from taskqueue.options import Options
from taskqueue.order import BATCH, Ask, Order

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25  # how often a thread looks whether it is its turn, where nobody wakes it
# botocore's timeouts are per read: an answer that trickles in byte by byte would be waited for without end.
TOTAL_SECONDS = 45


class Polling:
    """The threads of one worker's queues. `receive` is called with what each poll brought, in the poll's thread."""

    def __init__(
        self,
        client: SQSClient,
        urls: dict[str, str],
        *,
        holding: Holding,
        options: Options,
        capacity: Callable[[], int],
        receive: Callable[[str, list[dict[str, Any]]], None],
    ) -> None:
        self._client = client
        self._urls = urls
        self._holding = holding
        self._options = options
        self._capacity = capacity
        self._receive = receive
        self._order = Order(urls, wait=options.wait)
        self.stopping = False
        self.completed_at = time.monotonic()  # of the latest poll that came to an end, with whatever result
        self._threads: dict[str, threading.Thread] = {}

    def start(self) -> None:
        """Begin to ask. A message may be received before this returns."""
        for queue in self._urls:
            self._start(queue)

    def room(self) -> int:
        """How many more messages may be asked for; 0 where so few that it isn't worth a request yet."""
        capacity = self._capacity()
        free = capacity - self._holding.count()
        # What remains is enough to go on with meanwhile.
        return free if free >= min(BATCH, -(-capacity // 4)) else 0

    def stop(self) -> None:
        """Ask for nothing more. Polls that are open go on to their end; `join` waits for them."""
        self.stopping = True
        with self._holding.changed:
            self._holding.changed.notify_all()

    def join(self, deadline: float) -> bool:
        for thread in list(self._threads.values()):
            thread.join(max(0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads.values())

    @property
    def paused(self) -> frozenset[str]:
        return self._order.paused

    def pause(self, queues: frozenset[str]) -> None:
        """Ask these queues no more, and all others again. A poll that is open goes on to its end."""
        with self._holding.changed:
            self._order.paused = queues
            self._holding.changed.notify_all()

    def is_open(self) -> bool:
        return any(line.open for line in self._order.lines.values())

    def replace_stuck(self) -> None:
        """Give up polls that take longer than any poll can, and ask anew. What they bring after all is given back."""
        for queue, line in self._order.lines.items():
            if line.open and time.monotonic() - line.opened_at > TOTAL_SECONDS and not self.stopping:
                log.warning("poll of %s given up: no end after %d s", queue, TOTAL_SECONDS)
                with self._holding.changed:
                    self._order.failed(queue, time.monotonic())
                self._start(queue)

    def _start(self, queue: str) -> None:
        thread = threading.Thread(target=self._run, args=(queue,), name=f"taskqueue-poll-{queue}", daemon=True)
        self._threads[queue] = thread
        thread.start()

    def _run(self, queue: str) -> None:
        while ask := self._next(queue):
            try:
                messages = self._poll(ask)
            except Exception as error:  # noqa: BLE001  # refused, DNS, 5xx, 403, throttled, cut off, malformed: all are tried again
                if not self._ended(ask, failed=error):
                    return
            else:
                # Before the poll counts as ended: the room that these take is not to be given away.
                self._receive(queue, messages)
                if not self._ended(ask, messages=len(messages)):
                    return

    def _next(self, queue: str) -> Ask | None:
        with self._holding.changed:
            while not self.stopping and self._threads[queue] is threading.current_thread():
                if ask := self._order.ask(queue, room=self.room(), now=time.monotonic()):
                    self._order.asked(ask, time.monotonic())
                    self._holding.changed.notify_all()  # a queue that is waited for lets the next one be asked
                    return ask
                self._holding.changed.wait(LOOK_SECONDS)
        return None

    def _poll(self, ask: Ask) -> list[dict[str, Any]]:
        answer = self._client.receive_message(
            QueueUrl=self._urls[ask.queue],
            MaxNumberOfMessages=ask.count,
            WaitTimeSeconds=ask.wait,
            VisibilityTimeout=round(self._options.visibility),
            MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId"],  # all of them cost time to read
            MessageAttributeNames=["All"],
        )
        return cast("list[dict[str, Any]]", answer.get("Messages", []))

    def _ended(self, ask: Ask, *, messages: int = 0, failed: Exception | None = None) -> bool:
        """Note how it ended; False where this thread has been given up meanwhile."""
        with self._holding.changed:
            if self._order.lines[ask.queue].open is not ask:
                return False
            self.completed_at = time.monotonic()
            if failed:
                pause = self._order.failed(ask.queue, time.monotonic())
                log.warning("poll of %s failed, again in %.1f s: %s: %s", ask.queue, pause, type(failed).__name__, failed)
            else:
                self._order.answered(ask.queue, messages, time.monotonic())
            self._holding.changed.notify_all()
            return True


def held_from(queue: str, url: str, messages: Iterable[dict[str, Any]]) -> list[Held]:
    """What SQS gave, as we hold it. A message without a receipt can't be held: it comes again."""
    return [Held(queue, url, message) for message in messages if message.get("ReceiptHandle")]
