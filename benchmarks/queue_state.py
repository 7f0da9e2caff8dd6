"""A queue of Amazon SQS in memory: what is visible, in flight, delayed, and dead. Knows no network; the clock is given."""

from __future__ import annotations

import heapq
import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Record = Callable[..., None]
_serial = itertools.count()


class NotInFlight(Exception):
    """The message of this receipt is visible again, or with somebody else."""


class InvalidReceipt(Exception):
    """No message was ever given out under this receipt, or it was revoked."""


@dataclass(eq=False)
class Message:
    """One copy of a message: a standard queue may hold two with the same id."""

    id: str
    body: str
    attributes: dict[str, Any]
    group: str | None
    sent_at: float
    visible_at: float
    receives: int = 0
    first_received_at: float = 0.0
    receipt: str | None = None  # None: visible or delayed
    serial: int = field(default_factory=lambda: next(_serial))


class Queue:
    """`clock` gives seconds since 1970; `record` is called with each event's name and facts."""

    def __init__(self, name: str, *, clock: Callable[[], float], record: Record, visibility: float = 30, delay: float = 0) -> None:
        self.name = name
        self.attributes: dict[str, str] = {}
        self.visibility = visibility
        self.delay = delay
        self.max_receives: int | None = None
        self.dead: Queue | None = None
        self.changed: list[Callable[[], None]] = []  # called when something may have become visible
        self._clock = clock
        self._record = record
        self._order: list[tuple[float, int, Message]] = []  # stale where the time is no longer the message's own
        self._receipts: dict[str, Message] = {}
        self._messages: set[Message] = set()

    def send(
        self, body: str, *, attributes: dict[str, Any] | None = None, group: str | None = None, delay: float | None = None, copies: int = 1
    ) -> str:
        """Put a message in; returns its id. With two copies it is delivered twice, as a standard queue may."""
        now, name = self._clock(), str(uuid.uuid4())
        wait = self.delay if delay is None else delay
        for _ in range(copies):
            self._enter(Message(name, body, attributes or {}, group, now, now + wait))
        self._record("sent", queue=self.name, id=name, copies=copies, delay=wait)
        return name

    def receive(self, limit: int, *, visibility: float | None = None) -> list[Message]:
        """Up to `limit` visible messages, oldest first, hidden from now on; those received too often go to the dead instead."""
        until = self._clock() + (self.visibility if visibility is None else visibility)
        taken: list[Message] = []
        for message in self._visible():
            if self._bury(message):
                continue
            self._hand_out(message, until)
            taken.append(message)
            if len(taken) == limit:
                break
        if taken:
            self._record("received", queue=self.name, ids=[m.id for m in taken], copies=[m.serial for m in taken], until=until)
        return taken

    def delete(self, receipt: str) -> None:
        """Forget the message. A stale receipt succeeds without effect, as on SQS, where the message was received again since."""
        message = self._receipts.get(receipt)
        if message is None:
            if not receipt.startswith(f"{self.name}:"):
                raise InvalidReceipt(receipt)
            return
        if message.receipt not in (receipt, None):
            return
        self._messages.discard(message)
        self._receipts.pop(receipt)
        message.visible_at = -1.0  # makes its places in the order stale
        self._record("deleted", queue=self.name, id=message.id, copy=message.serial)

    def change_visibility(self, receipt: str, seconds: float) -> None:
        """Show the message again after `seconds` from now."""
        message = self._receipts.get(receipt)
        if message is None:
            raise InvalidReceipt(receipt)
        if message.receipt != receipt or message.visible_at <= self._clock():
            raise NotInFlight(receipt)
        self._place(message, self._clock() + seconds)
        self._record("changed", queue=self.name, id=message.id, copy=message.serial, until=message.visible_at)
        self._notify()

    def revoke(self) -> list[str]:
        """Make every receipt that is out worthless and its message visible; returns the messages' ids."""
        held = [m for m in self._messages if m.receipt]
        for message in held:
            message.receipt = None
            self._place(message, self._clock())
        self._receipts.clear()
        self._record("revoked", queue=self.name, ids=[m.id for m in held], copies=[m.serial for m in held])
        self._notify()
        return [m.id for m in held]

    def counts(self) -> tuple[int, int, int]:
        """How many messages are visible, in flight and delayed."""
        now = self._clock()
        waiting = [m for m in self._messages if m.visible_at > now]
        delayed = sum(1 for m in waiting if m.receives == 0)
        return len(self._messages) - len(waiting), len(waiting) - delayed, delayed

    def messages(self) -> list[Message]:
        return sorted(self._messages, key=lambda m: m.serial)

    def next_change(self) -> float | None:
        """When the next hidden message becomes visible by itself."""
        while self._order and self._stale(self._order[0]):
            heapq.heappop(self._order)
        return self._order[0][0] if self._order else None

    def _visible(self) -> Iterator[Message]:
        now = self._clock()
        while (at := self.next_change()) is not None and at <= now:
            yield heapq.heappop(self._order)[2]

    def _bury(self, message: Message) -> bool:
        if self.dead is None or self.max_receives is None or message.receives < self.max_receives:
            return False
        self._messages.discard(message)
        message.receipt = None
        message.visible_at = self._clock()
        self.dead._enter(message)  # noqa: SLF001 - another one of the same class
        self._record("buried", queue=self.name, id=message.id, copy=message.serial)
        return True

    def _hand_out(self, message: Message, until: float) -> None:
        message.receives += 1
        message.first_received_at = message.first_received_at or self._clock()
        message.receipt = f"{self.name}:{message.serial}:{message.receives}:{uuid.uuid4().hex}"
        self._receipts[message.receipt] = message
        self._place(message, until)

    def _enter(self, message: Message) -> None:
        self._messages.add(message)
        self._place(message, message.visible_at)
        self._notify()

    def _place(self, message: Message, visible_at: float) -> None:
        message.visible_at = visible_at
        heapq.heappush(self._order, (visible_at, message.serial, message))

    def _stale(self, entry: tuple[float, int, Message]) -> bool:
        return entry[2].visible_at != entry[0]

    def _notify(self) -> None:
        for tell in list(self.changed):
            tell()
