"""Tell SQS what became of messages: deleted, or given back. Ten at a time, by a thread of its own, until SQS has heard."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskqueue.holding import Held, Holding
from taskqueue.order import BATCH, back_off

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

LINGER_SECONDS = 0.01  # what is done within this time of each other goes in one request

# SQS's words for a receipt that no longer counts: the message is visible again, with another worker, or gone.
LOST_CODES = frozenset(
    {"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"}
)


@dataclass(frozen=True, eq=False)
class Settlement:
    """What SQS is to hear of one message."""

    held: Held
    visible_after: int | None  # None: delete it

    @property
    def group(self) -> tuple[str, bool]:
        """What can go in one request."""
        return self.held.url, self.visible_after is None


class Settler:
    """A thread and what it still has to tell."""

    def __init__(self, client: SQSClient, holding: Holding) -> None:
        self._client = client
        self._holding = holding
        self._pending: list[Settlement] = []
        self._sending = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="taskqueue-settle", daemon=True)
        self._thread.start()

    def delete(self, held: Held) -> None:
        """Soon; tried again until SQS has heard it."""
        self._put(Settlement(held, None))

    def give_back(self, held: Held, *, after: float = 0) -> None:
        """Make it visible to all workers, at once or after so many seconds."""
        self._put(Settlement(held, round(after)))

    def flush(self, seconds: float) -> bool:
        """Wait until SQS has heard everything; False where it has not within this time."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._pending or self._sending:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return not (self._pending or self._sending)
        return True

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _put(self, settlement: Settlement) -> None:
        with self._changed:
            self._pending.append(settlement)
            self._changed.notify_all()

    def _run(self) -> None:
        failures = 0
        while batch := self._next_batch():
            again, heard = self._tell(batch)
            failures = 0 if heard else failures + 1
            with self._changed:
                self._pending = again + self._pending
                self._sending = 0
                self._changed.notify_all()
                if again and not self._stopping:
                    self._changed.wait_for(lambda: self._stopping, back_off(failures))

    def _next_batch(self) -> list[Settlement]:
        with self._changed:
            while not self._pending:
                if self._stopping:
                    return []
                self._changed.wait()
            if len(self._pending) < BATCH:
                self._changed.wait_for(lambda: len(self._pending) >= BATCH or self._stopping, LINGER_SECONDS)
            group = self._pending[0].group
            batch = [one for one in self._pending if one.group == group][:BATCH]
            chosen = set(map(id, batch))
            self._pending = [one for one in self._pending if id(one) not in chosen]
            self._sending = len(batch)
            return batch

    def _tell(self, batch: list[Settlement]) -> tuple[list[Settlement], bool]:
        """One request. Returns what has to be told again, and whether SQS was to be reached."""
        try:
            failed = send_batch(self._client, batch)
        except Exception as error:  # noqa: BLE001  # whatever a network, an SDK or a proxy can come up with
            log.warning("%d messages not settled yet: %s", len(batch), error)
            return [one for one in batch if not self._too_late(one)], False
        for one in batch:
            code = failed.get(id(one))
            if code is None or code in LOST_CODES:
                if code:
                    log.warning("message %s of %s not settled: its receipt no longer counts", one.held.message_id, one.held.queue)
                self._holding.forget(one.held)
        return [one for one in batch if id(one) in failed and failed[id(one)] not in LOST_CODES], True

    def _too_late(self, settlement: Settlement) -> bool:
        """A message given back long ago is visible by itself. (One to be deleted is told until it is heard.)"""
        if settlement.visible_after is None or not self._stopping:
            return False
        self._holding.forget(settlement.held)
        return True


def send_batch(client: SQSClient, batch: list[Settlement]) -> dict[int, str]:
    """One request for settlements of one group; returns the error's code for each that SQS refused, by its `id()`."""
    entries: list[Any] = [{"Id": str(index), "ReceiptHandle": one.held.receipt} for index, one in enumerate(batch)]
    url = batch[0].held.url
    if batch[0].visible_after is None:
        answer: Any = client.delete_message_batch(QueueUrl=url, Entries=entries)
    else:
        for entry, one in zip(entries, batch, strict=True):
            entry["VisibilityTimeout"] = one.visible_after
        answer = client.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    return _refused(batch, answer, key=id)


def _refused(batch: list[Settlement], answer: Any, *, key: Callable[[Settlement], int]) -> dict[int, str]:
    told = {int(one["Id"]) for one in answer.get("Successful", [])}
    codes = {int(one["Id"]): str(one.get("Code", "unknown")) for one in answer.get("Failed", [])}
    # An answer that leaves one out is no success.
    return {key(one): codes.get(index, "not answered") for index, one in enumerate(batch) if index not in told}
