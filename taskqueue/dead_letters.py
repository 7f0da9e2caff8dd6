"""The letters in a dead-letter queue: look at them, and take them out.

SQS shows a message only by receiving it, so looking hides letters for a moment; they are shown again at once, or by themselves after
HIDDEN_SECONDS if we die meanwhile. In a dead-letter queue that disturbs nobody: no worker reads it, and it has no limit of receives.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from taskqueue.envelope import Undecodable, decode
from taskqueue.holding import Held
from taskqueue.poison import Burial, history_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
HIDDEN_SECONDS = 120
TRIES = 3  # of telling SQS what becomes of a batch


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message that a worker or SQS gave up. What can't be read of it is empty."""

    queue: str  # the queue that it came from, and would go back to
    message_id: str  # SQS's, in the dead-letter queue
    body: str  # as it lies in SQS
    task: str = ""
    task_id: str = ""
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    sent_at: datetime | None = None  # to the dead-letter queue, by our code; to its first queue, where SQS itself moved it
    receives: int = 0  # as SQS counts: where SQS moved it, those in its first queue are in it
    history: tuple[Burial, ...] = ()  # what our code wrote when it moved it, the latest last; empty where SQS moved it
    unreadable: str = ""  # why there is no task
    attributes: dict[str, Any] = field(default_factory=dict)
    group: str = ""
    receipt: str = ""

    @property
    def reason(self) -> str:
        """In a few words, for a list."""
        if self.history:
            return f"{self.history[-1].reason}: {self.history[-1].detail}"
        return self.unreadable or "received too often (SQS moved it, and gives no reason)"


def read(queue: str, message: dict[str, Any]) -> DeadLetter:
    """A letter from what SQS gave. Never fails: what is poison for a worker has to be shown here."""
    given = message.get("Attributes", {})
    payload, unreadable = _payload(queue, message)
    headers = payload.get("headers") or {}
    arguments, keywords = _arguments(payload)
    return DeadLetter(
        queue=queue,
        message_id=str(message.get("MessageId", "")),
        body=str(message.get("Body", "")),
        task=str(headers.get("task") or ""),
        task_id=str(headers.get("id") or ""),
        arguments=arguments,
        keywords=keywords,
        sent_at=datetime.fromtimestamp(int(given["SentTimestamp"]) / 1000, UTC) if "SentTimestamp" in given else None,
        receives=int(given.get("ApproximateReceiveCount", 0)),
        history=history_of(message),
        unreadable=unreadable,
        attributes=message.get("MessageAttributes", {}),
        group=str(given.get("MessageGroupId", "")),
        receipt=str(message.get("ReceiptHandle", "")),
    )


class Graves:
    """The dead-letter queue of one queue. Errors of botocore pass through."""

    def __init__(self, sqs: SQSClient, queue: str, url: str, *, hidden: int = HIDDEN_SECONDS) -> None:
        self._sqs = sqs
        self._url = url
        self._hidden = hidden
        self.queue = queue

    def take(self, count: int) -> list[DeadLetter]:
        """At most `count` (to ten) letters, hidden from now on; none where there are none left to see."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(count, BATCH),
            VisibilityTimeout=self._hidden,
            WaitTimeSeconds=1,  # a long poll asks all of SQS's servers; a short one may miss the last letters
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [read(self.queue, dict(message)) for message in answer.get("Messages", [])]

    def delete(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Returns those that SQS would not delete: they will be seen again."""
        return self._tell(letters, self._sqs.delete_message_batch)

    def show(self, letters: Sequence[DeadLetter]) -> None:
        """Let everyone see these again; what can't be shown now shows itself after HIDDEN_SECONDS."""
        self._tell(letters, self._sqs.change_message_visibility_batch, VisibilityTimeout=0)

    def _tell(self, letters: Sequence[DeadLetter], request: Any, **more: Any) -> list[DeadLetter]:
        left: list[DeadLetter] = []
        for start in range(0, len(letters), BATCH):
            batch = list(letters[start : start + BATCH])
            for _ in range(TRIES):
                entries = [{"Id": str(number), "ReceiptHandle": letter.receipt, **more} for number, letter in enumerate(batch)]
                answer = request(QueueUrl=self._url, Entries=entries)
                told = {int(one["Id"]) for one in answer.get("Successful", [])}
                batch = [letter for number, letter in enumerate(batch) if number not in told]
                if not batch:
                    break
            left += batch
        return left


def letters(graves: Graves, *, limit: int) -> list[DeadLetter]:
    """Up to so many letters, the oldest first, left where they are."""
    found: dict[str, DeadLetter] = {}
    try:
        for letter in _each(graves, limit):
            found[letter.message_id] = letter
    finally:
        graves.show(list(found.values()))
    return sorted(found.values(), key=lambda letter: letter.sent_at or datetime.min.replace(tzinfo=UTC))


def find(graves: Graves, name: str) -> DeadLetter | None:
    """The letter with this message id or task id (or the beginning of either, where it is no other's); None: it isn't there."""
    found = [one for one in letters(graves, limit=1_000_000) if named(one, name)]
    return found[0] if len({one.message_id for one in found}) == 1 else None


def named(letter: DeadLetter, name: str) -> bool:
    """Whether a person who says `name` may mean this letter."""
    return bool(name) and (letter.message_id.startswith(name) or letter.task_id.startswith(name))


def _each(graves: Graves, limit: int) -> Iterator[DeadLetter]:
    count = 0
    while count < limit and (taken := graves.take(min(BATCH, limit - count))):
        count += len(taken)
        yield from taken


def _payload(queue: str, message: dict[str, Any]) -> tuple[dict[str, Any], str]:
    try:
        return decode(Held(queue, "", message)), ""
    except Undecodable as error:
        return {}, str(error)


def _arguments(payload: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Of a task in Celery's protocol 2, sent as JSON; empty for anything else."""
    try:
        text = payload["body"]
        if payload["properties"].get("body_encoding") == "base64":
            text = base64.b64decode(text).decode()
        arguments, keywords, _ = json.loads(text)
        return tuple(arguments), dict(keywords)
    except (KeyError, TypeError, ValueError):
        return (), {}
