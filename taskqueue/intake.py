"""A worker's side of the queues: polls, heartbeat and settling, and what they hold, as one thing to start and to stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from celery.worker import state

from taskqueue import receipt
from taskqueue.envelope import Undecodable, decode
from taskqueue.heartbeat import Heartbeat
from taskqueue.holding import UNLIMITED, Held, Holding
from taskqueue.options import Options
from taskqueue.order import BACK_OFF_SECONDS, back_off
from taskqueue.poison import Graveyard, Reason, Verdict
from taskqueue.polling import Polling, held_from
from taskqueue.settling import Settler

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5
GIVEN_BACK = 3  # receives that were nobody's failure, and that no message is blamed for
SCHEDULED: Any = state.scheduled_requests  # type: ignore[attr-defined]  # newer than the stubs


class Intake:
    """Messages of `urls` (queue → URL, first things first), handed to `deliver` in the event loop's thread by `pump`.

    `capacity` says how many may be held in all, `can_run` how many more can be started at this moment; the others wait here,
    where a message of an earlier queue still overtakes them, and from where they are given back when the worker stops.
    """

    def __init__(
        self,
        clients: tuple[SQSClient, SQSClient],
        urls: dict[str, str],
        *,
        options: Options,
        capacity: Callable[[], int],
        deliver: Callable[[Held], None],
        wake: Callable[[], None],
    ) -> None:
        polls, settles = clients
        self.options = options
        self.holding = Holding(urls)
        self.can_run: Callable[[], int] = lambda: UNLIMITED
        self.on_pressure: Callable[[], object] = _nothing
        self.on_lost: Callable[[Held], object] = lambda _: None
        self.turned_at = time.monotonic()
        self._pumping = False
        self._urls = urls
        self.capacity = capacity
        self._deliver = deliver
        self._wake = wake
        self.settler = Settler(settles, self.holding)
        self._graveyard = Graveyard(settles, delete=self.settler.delete, keep=self._keep)
        self._heartbeat = Heartbeat(settles, self.holding, options, on_lost=self._lost)
        self.polling = Polling(polls, urls, holding=self.holding, options=options, capacity=self._may_hold, receive=self._received)

    def start(self) -> None:
        """Begin to take messages, which may be here before this returns."""
        self.polling.start()

    @property
    def polled_at(self) -> float:
        return self.polling.completed_at

    @property
    def draining(self) -> bool:
        return self.polling.stopping

    def has_room(self) -> bool:
        """Whether a poll is due: never where every queue is paused."""
        return self.polling.room() > 0 and not self.polling.paused.issuperset(self._urls)

    def pause(self, queues: frozenset[str]) -> None:
        """Take nothing of these queues from now on. From any thread; what waits here of them is given back by `pump`."""
        self.polling.pause(queues)
        self._wake()

    def replace_stuck(self) -> None:
        self.polling.replace_stuck()

    def pump(self) -> None:
        """Hand over what can run now. In the event loop's thread."""
        if self._pumping:  # what is handed over may be rejected on the spot, which makes room, and so comes back here
            return
        self._pumping = True
        try:
            self._give_back_paused()
            while not self.polling.stopping and self.holding.waiting() and self.can_run() > 0:
                held = self.holding.next_waiting()
                if held is not None:
                    self._deliver(held)
        finally:
            self._pumping = False
        if self.holding.waiting() and not self.polling.stopping:
            self.on_pressure()

    def tick(self) -> None:
        """Once in each turn of the event loop: a task that has ended made room for the next."""
        self.turned_at = time.monotonic()
        if self.holding.waiting() and not self.polling.stopping and self.can_run() > 0:
            self._wake()

    def ack(self, tag: str) -> bool:
        """Delete it. False where it is not one of ours."""
        held = self.holding.settle(tag, deleted=True)
        if held:
            self.settler.delete(held)
            _unmark(held)
        return held is not None

    def fail(self, tag: str, verdict: Verdict | None = None) -> bool:
        """It failed: back to the queue, hidden for longer each time; poison goes to the dead-letter queue.

        False where it is not one of ours.
        """
        held = self.holding.get(tag)
        if held is None:
            return False
        found = verdict or verdict_on(held, self.options)
        if self.holding.settle(tag, deleted=found is not None) is None:
            return False
        _unmark(held)
        if found:
            self._graveyard.bury(held, found)
        else:
            self.settler.give_back(held, after=retry_after(held.receives, self.options))
        return True

    def give_back(self, held: Held) -> None:
        """To the others, at once."""
        if self.holding.settle(held.tag, deleted=False):
            self.settler.give_back(held)

    def stop_taking(self) -> None:
        """Ask for nothing more, and give back what has not been started. Returns at once."""
        self.polling.stop()
        for held in self.holding.all():
            # … nor a task with an `eta` that has not come yet.
            if held.waits or held.request in SCHEDULED:
                self.give_back(held)
        self._wake()

    def abandon(self, kill: Callable[[], None]) -> list[Any]:
        """Give back what runs too, as soon as `kill` has ended the processes that it runs in; returns Celery's requests of it."""
        self.polling.stop()
        # Settled first: what Celery makes of the killed processes is a failure, and would keep their messages back for a while.
        left = [held for held in self.holding.all() if self.holding.settle(held.tag, deleted=False)]
        kill()
        for held in left:
            self.settler.give_back(held)
        if not self.settler.flush(FLUSH_SECONDS):
            log.warning("%d messages not given back: they will be seen again", len(self.holding.all()))
        return [held.request for held in left if held.request is not None and held.request.time_start is not None]

    def close(self) -> None:
        """Stop, and return when SQS has heard of everything; what is not settled is given back."""
        self.stop_taking()
        for held in self.holding.all():
            self.give_back(held)
        self._graveyard.flush(FLUSH_SECONDS)
        if not self.polling.join(time.monotonic() + self.options.wait + 2):
            log.warning("a poll is still open: what it takes stays hidden for %g s", self.options.visibility)
        if not self.settler.flush(FLUSH_SECONDS):
            log.warning("%d messages not settled: they will be seen again", len(self.holding.all()))
        self._heartbeat.stop()
        self.settler.stop()

    def _give_back_paused(self) -> None:
        """A poll that was open when its queue was paused may have brought something still."""
        if self.polling.paused:
            for held in self.holding.all():
                if held.waits and held.queue in self.polling.paused:
                    self.give_back(held)

    def _may_hold(self) -> int:
        return self.capacity()

    def _received(self, queue: str, messages: list[dict[str, Any]]) -> None:
        """In a poll's thread."""
        for held in held_from(queue, self._urls[queue], messages):
            self._take(held)
        self._wake()

    def _take(self, held: Held) -> None:
        # The queues are waited for together, each with room for one: so one too many may have come.
        too_many = self.polling.stopping or self.capacity() <= self.holding.count()
        if not self.holding.add(held):
            log.warning("message %s of %s received again while held here", held.message_id, held.queue)
        elif too_many:
            self.give_back(held)
        elif held.receives > self.options.max_receives + GIVEN_BACK:
            self.fail(held.tag, Verdict(Reason.NEVER_ENDED, f"received {held.receives} times"))
        else:
            self._decode(held)

    def _decode(self, held: Held) -> None:
        try:
            held.payload = decode(held)
            self.holding.offer(held)
        except Undecodable as error:
            self.fail(held.tag, Verdict(Reason.UNDECODABLE, str(error)))

    def _keep(self, held: Held) -> None:
        """Poison without a grave: in its queue, for as long as that keeps it, and seldom seen."""
        self.settler.give_back(held, after=self.options.retry_cap)

    def _lost(self, held: Held) -> None:
        """In the heartbeat's thread: another worker may run it, so what hasn't started here doesn't."""
        # Deleted and not yet heard of: it ran to its end here, whoever else runs it now.
        if held.deleted:
            return
        if held.waits and self.holding.settle(held.tag, deleted=False):
            self.holding.forget(held)
        self.on_lost(held)


def verdict_on(held: Held, options: Options) -> Verdict | None:
    """Whether a message that has failed is poison by now."""
    failure = getattr(held.request, "failure", "")
    if getattr(held.request, "rejected", False):
        return Verdict(Reason.REJECTED, failure)
    if held.receives >= options.max_receives:
        return Verdict(Reason.FAILED, failure or "no reason was given")
    return None


def retry_after(receives: int, options: Options) -> float:
    """Seconds until a failed message is seen again: 1 to 2, then doubling up to the cap, with jitter."""
    return min(options.retry_cap, 2.0 ** min(receives, 20)) * back_off(20) / BACK_OFF_SECONDS[1]


def _unmark(held: Held) -> None:
    if held.lost and held.request is not None:
        receipt.forget(held.request.id)


def _nothing() -> None:
    """What is done about messages that wait, where nothing can be done."""
