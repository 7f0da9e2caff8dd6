"""The messages that this process has received and SQS has not yet been told the end of."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

UNLIMITED = 1 << 20


@dataclass(eq=False)
class Held:
    """One received message, from receive to the moment at which SQS has heard what became of it."""

    queue: str
    url: str
    message: dict[str, Any]  # as SQS gave it
    tag: str = ""  # Celery's delivery tag
    extended_at: float = field(default_factory=time.monotonic)  # since then it is hidden, for the visibility timeout
    payload: dict[str, Any] | None = None  # kombu's form of it
    waits: bool = True  # not with Celery yet
    settled: bool = False  # done or given back: it takes no room any more
    deleted: bool = False  # … and it must not run again
    lost: bool = False  # SQS says that the receipt no longer counts: another worker may run it
    request: Any = None  # Celery's, once it has one
    verdict: Any = None  # why it is poison, once that is known: a poison.Verdict

    @property
    def message_id(self) -> str:
        return str(self.message.get("MessageId", ""))

    @property
    def receipt(self) -> str:
        return str(self.message["ReceiptHandle"])

    @property
    def receives(self) -> int:
        return int(self.message.get("Attributes", {}).get("ApproximateReceiveCount", 1))


class Holding:
    """All of them. Shared by the threads that poll, settle and extend, and by the event loop.

    `changed` is notified when there is room for more; it is also the lock.
    """

    def __init__(self, queues: Iterable[str]) -> None:
        self.changed = threading.Condition()
        self._queues = list(queues)
        self._all: dict[str, Held] = {}
        self._tags = 0
        self._unsettled = 0
        self._waiting: list[Held] = []

    def count(self) -> int:
        """How many are waiting or being worked on."""
        return self._unsettled

    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, held: Held) -> bool:
        """Take a message, which is not offered to anyone yet. False where we hold it already: its new receipt replaces the old one.

        It is received again when SQS could not be reached for longer than the visibility timeout. It must not run twice here.
        """
        with self.changed:
            for other in self._all.values():
                if other.message_id == held.message_id and (other.deleted or not other.settled):
                    other.message, other.lost, other.extended_at = held.message, False, held.extended_at
                    return False
            self._tags += 1
            held.tag = str(self._tags)
            self._all[held.tag] = held
            self._unsettled += 1
            return True

    def offer(self, held: Held) -> None:
        """It is ready to run: from now on `next_waiting` may return it."""
        with self.changed:
            if not held.settled:
                self._waiting.append(held)

    def next_waiting(self) -> Held | None:
        """The next one to run: of the first queue that has one, the oldest."""
        with self.changed:
            if not self._waiting:
                return None
            first = min(self._waiting, key=lambda held: self._queues.index(held.queue))
            self._waiting.remove(first)
            first.waits = False
            return first

    def settle(self, tag: str, *, deleted: bool) -> Held | None:
        """It is done with, or given back: from now on it takes no room. None where it is not (or no longer) held."""
        with self.changed:
            held = self._all.get(tag)
            if held is None or held.settled:
                return None
            held.settled, held.deleted = True, deleted
            self._unsettled -= 1
            if held in self._waiting:
                self._waiting.remove(held)
            held.waits = False
            self.changed.notify_all()
            return held

    def get(self, tag: str) -> Held | None:
        return self._all.get(tag)

    def forget(self, held: Held) -> None:
        """SQS has heard of it."""
        with self.changed:
            self._all.pop(held.tag, None)

    def all(self) -> list[Held]:
        with self.changed:
            return list(self._all.values())
