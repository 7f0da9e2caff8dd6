"""Which queue is asked next, for how many messages, and how long the question may wait: strict priority, without I/O.

A queue is asked only while every queue before it is known to be empty. A queue is known to be empty while a long poll of it
is open (SQS answers that at once when a message comes), and for a moment after it gave nothing. So:

- where there is work, the queues before it are asked first, in short polls; the last one is asked in a long poll;
- where there is none, all are waited for at once, and a message in any of them starts at once.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

BATCH = 10  # SQS's limit of messages in one answer
FRESH_SECONDS = 0.25  # a queue that was empty so long ago is asked again before the ones after it
# The first and the longest pause after a failed poll, before jitter. With a connection that takes 3 s to fail, a worker whose
# network is back asks again within 6 s.
BACK_OFF_SECONDS = (0.2, 3.0)


@dataclass(frozen=True)
class Ask:
    """One ReceiveMessage."""

    queue: str
    count: int
    wait: int


@dataclass
class Line:
    """What is known of a queue."""

    open: Ask | None = None
    opened_at: float = 0
    empty_at: float = -math.inf
    brought: bool = False  # the latest answer had messages in it
    failures: int = 0
    retry_at: float = -math.inf

    def is_empty(self, now: float) -> bool:
        # One that can't be asked must not hold up the others.
        waiting = self.open is not None and self.open.wait > 0
        return waiting or now - self.empty_at < FRESH_SECONDS or now < self.retry_at


class Order:
    """The queues of one worker, first things first. Not thread-safe."""

    def __init__(self, queues: Iterable[str], *, wait: int) -> None:
        self.lines = {queue: Line() for queue in queues}
        self.paused: frozenset[str] = frozenset()  # these are passed over, as if they were empty
        self._wait = wait

    def ask(self, queue: str, *, room: int, now: float) -> Ask | None:
        """What to ask this queue at this moment; None where it isn't its turn."""
        line = self.lines[queue]
        if room <= 0 or line.open or now < line.retry_at or queue in self.paused:
            return None
        names = list(self.lines)
        before, after = names[: names.index(queue)], names[names.index(queue) + 1 :]
        if not all(self._is_passed(other, now) for other in before):
            return None
        wait = self._wait if all(self._is_passed(other, now) for other in after) else 0
        # All queues are waited for at once with the same room: each may bring one message, not ten.
        watching = wait > 0 and len(names) > 1 and not line.brought and line.is_empty(now)
        return Ask(queue, 1 if watching else min(BATCH, room), wait)

    def _is_passed(self, queue: str, now: float) -> bool:
        return queue in self.paused or self.lines[queue].is_empty(now)

    def asked(self, ask: Ask, now: float) -> None:
        line = self.lines[ask.queue]
        line.open, line.opened_at = ask, now

    def answered(self, queue: str, messages: int, now: float) -> None:
        line = self.lines[queue]
        line.open, line.failures, line.brought = None, 0, messages > 0
        line.empty_at = -math.inf if messages else now

    def failed(self, queue: str, now: float) -> float:
        """The poll came to nothing; returns the pause before the next one."""
        line = self.lines[queue]
        line.open, line.brought = None, False
        pause = back_off(line.failures)
        line.failures += 1
        line.retry_at = now + pause
        return pause


def back_off(failures: int) -> float:
    """Seconds to wait after this many failures in a row: doubling, up to a limit, and never in step with others."""
    first, longest = BACK_OFF_SECONDS
    whole = min(longest, first * 2.0 ** min(failures, 10))
    return whole * random.uniform(0.5, 1)  # noqa: S311  # jitter, not a secret
