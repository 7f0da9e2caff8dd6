"""Messages that can't be dealt with go to the dead-letter queue: with their body as it was, a reason, and their history.

The application hears of each at least once, by the signal `poisoned`:

    @poisoned.connect
    def tell(letter: Letter, **_: object) -> None: ...

A receiver that raises is called again, up to HOOK_TRIES times; the message is held meanwhile.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import socket
import threading
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from celery.utils.dispatch import Signal

from taskqueue.holding import Held
from taskqueue.order import back_off

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

poisoned = Signal(name="poisoned")

HOOK_TRIES = 5
HISTORY = "taskqueue.history"  # the attribute that holds every burial of a message, the latest last, as JSON
HISTORY_LENGTH = 10
DETAIL_LENGTH = 1000
REFUSED = frozenset({"InvalidParameterValue", "InvalidMessageContents", "InvalidParameterCombination"})
POLICY_SECONDS = 300  # how long a queue's redrive policy is believed


class Reason(StrEnum):
    """Why a message is a dead letter."""

    UNDECODABLE = "undecodable"  # no message of Celery's, or its body can't be read
    UNKNOWN_TASK = "unknown task"  # no task of that name is registered here
    INVALID = "invalid"  # the task can't be called with these arguments
    REJECTED = "rejected"  # the task said so itself, with Reject(requeue=False)
    FAILED = "keeps failing"  # it was received `max_receives` times, and failed the last time too
    NEVER_ENDED = "never ended"  # it was received more often than that, and nobody ever said how it went


@dataclass(frozen=True)
class Verdict:
    reason: Reason
    detail: str


@dataclass(frozen=True)
class Burial:
    """One entry of a letter's history."""

    reason: str
    detail: str
    at: float  # seconds since 1970
    receives: int
    worker: str


@dataclass(frozen=True)
class Letter:
    """What the application is told. `body` is the text in SQS; `task` and `task_id` are empty where they can't be read."""

    queue: str
    message_id: str
    body: str
    task: str
    task_id: str
    arguments: tuple[Any, ...]
    history: tuple[Burial, ...]

    @property
    def reason(self) -> str:
        return self.history[-1].reason


class Graveyard:
    """A thread that buries: hook, then dead-letter queue, then `delete`."""

    def __init__(self, client: SQSClient, *, delete: Callable[[Held], None], keep: Callable[[Held], None]) -> None:
        self._client = client
        self._delete = delete
        self._keep = keep
        self._orders: queue.Queue[tuple[Held, Verdict]] = queue.Queue()
        self._dead_urls: dict[str, tuple[str | None, float]] = {}
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="taskqueue-graveyard", daemon=True).start()

    def bury(self, held: Held, verdict: Verdict) -> None:
        log.error("message %s of %s is poison: %s: %s", held.message_id, held.queue, verdict.reason, verdict.detail)
        self._orders.put((held, verdict))

    def flush(self, seconds: float) -> None:
        """Give it this long to bury what was ordered; what is left is seen again, and buried then."""
        deadline = time.monotonic() + seconds
        while self._orders.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.02)
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            held, verdict = self._orders.get()
            failures = 0
            while not self._buried(held, verdict, failures):
                failures += 1
                if self._stopped.wait(back_off(failures)):
                    break
            self._orders.task_done()

    def _buried(self, held: Held, verdict: Verdict, failures: int) -> bool:
        letter = letter_of(held, verdict)
        heard = all(not isinstance(answer, Exception) for _, answer in poisoned.send(sender=held.queue, letter=letter))
        if not heard and failures < HOOK_TRIES:
            return False
        try:
            url = self._dead_url(held.url)
            if url is None:
                log.error("message %s stays in %s: that queue has no dead-letter queue", held.message_id, held.queue)
                self._keep(held)
                return True
            self._send(url, held, letter)
        except Exception as error:  # noqa: BLE001  # whatever it is, the message is held until it is buried
            log.warning("message %s of %s not buried yet: %s", held.message_id, held.queue, error)
            return False
        self._delete(held)
        return True

    def _send(self, url: str, held: Held, letter: Letter) -> None:
        group = held.message.get("Attributes", {}).get("MessageGroupId")
        more: dict[str, Any] = {"MessageGroupId": group} if group else {}
        try:
            self._client.send_message(QueueUrl=url, MessageBody=letter.body, MessageAttributes=_attributes(held, letter), **more)
        except ClientError as error:
            if error.response["Error"]["Code"] not in REFUSED:
                raise
            # The body alone is as long as SQS allows, or the attributes are ones that nobody could send.
            log.warning("message %s buried without its history: %s", held.message_id, error)
            self._client.send_message(QueueUrl=url, MessageBody=letter.body, **more)

    def _dead_url(self, url: str) -> str | None:
        known, at = self._dead_urls.get(url, (None, -POLICY_SECONDS))
        if time.monotonic() - at < POLICY_SECONDS:
            return known
        found = dead_letter_url(self._client, url)
        self._dead_urls[url] = found, time.monotonic()
        return found


def dead_letter_url(client: SQSClient, url: str) -> str | None:
    """The URL of the dead-letter queue that the queue at `url` names in its redrive policy; None where it names none."""
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
    arn = json.loads(found.get("RedrivePolicy", "{}")).get("deadLetterTargetArn")
    if not arn:
        return None
    account, name = arn.split(":")[4:6]
    return client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]


def letter_of(held: Held, verdict: Verdict) -> Letter:
    """What there is to tell of this message."""
    payload = held.payload or {}
    headers = payload.get("headers") or {}
    burial = Burial(verdict.reason, verdict.detail[:DETAIL_LENGTH], time.time(), held.receives, f"{socket.gethostname()}-{os.getpid()}")
    return Letter(
        queue=held.queue,
        message_id=held.message_id,
        body=str(held.message.get("Body", "")),
        task=str(headers.get("task") or ""),
        task_id=str(headers.get("id") or ""),
        arguments=tuple(held.request.args) if held.request is not None else (),
        history=(*history_of(held.message), burial)[-HISTORY_LENGTH:],
    )


def history_of(message: dict[str, Any]) -> tuple[Burial, ...]:
    """The burials that a message has behind it, oldest first. A history that isn't ours is none."""
    text = message.get("MessageAttributes", {}).get(HISTORY, {}).get("StringValue", "[]")
    try:
        return tuple(Burial(**entry) for entry in json.loads(text))
    except (ValueError, TypeError):
        return ()


def _attributes(held: Held, letter: Letter) -> dict[str, Any]:
    kept = {name: _sendable(value) for name, value in held.message.get("MessageAttributes", {}).items() if name != HISTORY}
    history = json.dumps([asdict(burial) for burial in letter.history])
    return {**kept, HISTORY: {"DataType": "String", "StringValue": history}}


def _sendable(attribute: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attribute.items() if name in ("DataType", "StringValue", "BinaryValue")}
