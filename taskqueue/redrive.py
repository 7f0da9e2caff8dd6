"""Send dead letters on their way again, at a rate: first sent, then deleted, so that an interruption loses none.

What redriving means is the application's to say, with the setting `taskqueue_redrive`: the name of a function

    def redrive(letter: DeadLetter, send_again: Callable[[], None]) -> str

that does what is to be done, may be called again for the same letter (we may die before it is deleted), and says in a word or two
what it did. `send_again()` sends the letter's body, as it is, to the queue that it came from; an application without a hook gets just
that. Where the hook raises, the letter stays.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskqueue.dead_letters import BATCH, DeadLetter, Graves

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CATCH_UP_SECONDS = 1.0  # more than this behind is forgotten, or an outage would be followed by a burst
THREADS = 8  # so that a hook of 100 ms still allows for 80 letters a second
TAKEN_FOR_SECONDS = 10  # no more letters are hidden at a time than are redriven in this

Hook = Callable[[DeadLetter, Callable[[], None]], str]


@dataclass(frozen=True)
class Redriven:
    """What became of one letter."""

    letter: DeadLetter
    outcome: str  # the hook's word, or why it failed
    done: bool  # … and whether the letter is gone


@dataclass
class Summary:
    """What became of all."""

    redriven: int = 0
    failed: int = 0
    left: int = 0  # seen, and not wanted
    seconds: float = 0
    interrupted: bool = False
    outcomes: dict[str, int] = field(default_factory=dict)

    def include(self, other: Summary) -> None:
        """Add what became of the letters of another queue."""
        self.redriven, self.failed, self.left = self.redriven + other.redriven, self.failed + other.failed, self.left + other.left
        self.seconds, self.interrupted = self.seconds + other.seconds, self.interrupted or other.interrupted
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count

    def add(self, one: Redriven) -> None:
        self.redriven += one.done
        self.failed += not one.done
        self.outcomes[one.outcome] = self.outcomes.get(one.outcome, 0) + 1


class Pace:
    """So many a second for all threads together, evenly; what a slow request held up is caught up with."""

    def __init__(self, rate: float, stop: threading.Event) -> None:
        self._every = 1 / rate
        self._next = time.monotonic()
        self._lock = threading.Lock()
        self._stop = stop

    def wait(self) -> bool:
        """Until it is this caller's turn; False: stop instead."""
        with self._lock:
            turn = max(self._next, time.monotonic() - CATCH_UP_SECONDS)
            self._next = turn + self._every
        return not self._stop.wait(max(0, turn - time.monotonic()))


def again(sqs: SQSClient, url: str, letter: DeadLetter) -> None:
    """Send a letter's body and attributes, its history among them, to the queue at `url`."""
    attributes: dict[str, Any] = {name: _sendable(value) for name, value in letter.attributes.items()}
    more: dict[str, Any] = {"MessageGroupId": letter.group} if letter.group else {}
    sqs.send_message(QueueUrl=url, MessageBody=letter.body, MessageAttributes=attributes, **more)


@dataclass(frozen=True)
class Redrive:
    """One run over one dead-letter queue. `wanted` chooses; `told` hears of each letter; `stop` ends it after those under way."""

    graves: Graves
    send_again: Callable[[DeadLetter], None]
    hook: Hook | None
    rate: float
    limit: int
    wanted: Callable[[DeadLetter], bool] = lambda _: True
    told: Callable[[Redriven], None] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Summary:
        """Until no letter is left that has not been seen, or `limit` are redriven. What is left is visible again afterwards."""
        summary, began = Summary(), time.monotonic()
        kept: dict[str, DeadLetter] = {}
        tasks: set[str] = set()
        pace = Pace(self.rate, self.stop)
        try:
            with ThreadPoolExecutor(THREADS) as threads:
                while not self.stop.is_set() and (room := self.limit - summary.redriven - summary.failed) > 0:
                    taken = self.graves.take(min(room, BATCH, max(1, int(self.rate * TAKEN_FOR_SECONDS))))
                    if not taken:
                        break
                    chosen = self._choose(taken, kept, tasks)
                    # Hidden until the end, or they would be taken over and over.
                    kept |= {one.message_id: one for one in taken}
                    results = list(threads.map(lambda one: self._one(one, pace), chosen))
                    self._settle([one for one in results if one], kept, summary)
        finally:
            self.graves.show(list(kept.values()))
        summary.left, summary.seconds = len(kept) - summary.failed, time.monotonic() - began
        summary.interrupted = self.stop.is_set()
        return summary

    def _choose(self, taken: Iterable[DeadLetter], kept: Mapping[str, DeadLetter], tasks: set[str]) -> list[DeadLetter]:
        """Those wanted and not seen before, one of each task.

        A task that was sent in this run and is dead again was not mended: once more would go on for ever. And of two letters of one
        task, two threads would not see what the other one did.
        """
        chosen = []
        for one in taken:
            if self.wanted(one) and one.message_id not in kept and one.task_id not in tasks:
                chosen.append(one)
                tasks |= {one.task_id} if one.task_id else set()
        return chosen

    def _one(self, letter: DeadLetter, pace: Pace) -> Redriven | None:
        if not pace.wait():
            return None
        try:
            outcome = self._hand_over(letter)
        except Exception as error:  # noqa: BLE001  # the application's own: its letter stays, and the next one may do better
            return Redriven(letter, f"{type(error).__name__}: {error}", done=False)
        return Redriven(letter, outcome, done=True)

    def _hand_over(self, letter: DeadLetter) -> str:
        if self.hook:
            return self.hook(letter, lambda: self.send_again(letter))
        self.send_again(letter)
        return "sent again"

    def _settle(self, results: Iterable[Redriven], kept: dict[str, DeadLetter], summary: Summary) -> None:
        """Delete what was sent, then tell of it."""
        results = list(results)
        undeleted = {one.message_id for one in self.graves.delete([one.letter for one in results if one.done])}
        for one in results:
            told = one
            if one.letter.message_id in undeleted:
                told = Redriven(one.letter, f"{one.outcome}, but SQS would not delete the letter", done=False)
            if told.done:
                kept.pop(one.letter.message_id)
            summary.add(told)
            self.told(told)


def _sendable(attribute: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attribute.items() if name in ("DataType", "StringValue", "BinaryValue")}
