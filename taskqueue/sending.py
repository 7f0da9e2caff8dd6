"""Send many tasks: ten to a request, and what SQS refuses of a request is told, or sent again, by itself."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from celery import Celery

from taskqueue.order import BATCH, back_off
from taskqueue.transport import Channel

T = TypeVar("T")
TRIES = 4
REQUEST_BYTES = 256 * 1024  # of all messages of a request; SQS took no more for years, and what stands in for it may not yet


@dataclass(frozen=True)
class Send:
    """One task to be sent. `group` is SQS's MessageGroupId: what fair queues keep from crowding out others."""

    task: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    queue: str | None = None
    delay: int = 0  # seconds, at most 900
    group: str | None = None


class NotAllSent(Exception):
    """`failed` were not sent: each with SQS's reason. All others were."""

    def __init__(self, failed: list[tuple[Send, str]]) -> None:
        super().__init__(f"{len(failed)} tasks not sent; the first, {failed[0][0].task}: {failed[0][1]}")
        self.failed = failed


def send_many(app: Celery, sends: Iterable[Send]) -> list[str]:
    """Send them all and return their tasks' ids, in order. Raises NotAllSent when all have been tried.

    A message may have been sent twice where an answer of SQS was lost, as with any send.
    """
    ids: list[str] = []
    failed: list[tuple[Send, str]] = []
    with app.producer_or_acquire() as producer:
        for few in _slices(sends, BATCH * 10):
            found, refused = _send_few(app, producer, few)
            ids += found
            failed += refused
    if failed:
        raise NotAllSent(failed)
    return ids


def _send_few(app: Celery, producer: Any, few: list[Send]) -> tuple[list[str], list[tuple[Send, str]]]:
    channel = producer.channel
    if not isinstance(channel, Channel):  # another broker, in a project's own tests say
        return [_send_one(app, producer, one) for one in few], []
    with channel.collecting() as collected:
        ids = [_send_one(app, producer, one) for one in few]
    failed: list[tuple[Send, str]] = []
    for batch in _batches(list(zip(few, collected, strict=True))):
        failed += _send_batch(channel.sqs(batch[0][0].queue), batch)
    return ids, failed


def _send_one(app: Celery, producer: Any, one: Send) -> str:
    properties: dict[str, Any] = {"DelaySeconds": one.delay} if one.delay else {}
    if one.group:
        properties["MessageGroupId"] = one.group
    return str(app.send_task(one.task, args=one.args, kwargs=dict(one.kwargs), queue=one.queue, producer=producer, **properties).id)


def _batches(pairs: list[tuple[Send, dict[str, Any]]]) -> Iterator[list[tuple[Send, dict[str, Any]]]]:
    """To one queue each, of ten messages and of the size that a request may have."""
    batch: list[tuple[Send, dict[str, Any]]] = []
    size = 0
    for pair in sorted(pairs, key=lambda pair: str(pair[1]["QueueUrl"])):
        length = len(pair[1]["MessageBody"])
        other_queue = bool(batch) and batch[0][1]["QueueUrl"] != pair[1]["QueueUrl"]
        if other_queue or len(batch) == BATCH or (batch and size + length > REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(pair)
        size += length
    if batch:
        yield batch


def _send_batch(client: Any, batch: list[tuple[Send, dict[str, Any]]]) -> list[tuple[Send, str]]:
    """Send one batch; what could not be sent after all tries, and why."""
    left, final, failed = batch, list[tuple[Send, str]](), list[tuple[tuple[Send, dict[str, Any]], str, bool]]()
    for attempt in range(TRIES):
        if attempt:
            time.sleep(back_off(attempt - 1))
        failed = _try_batch(client, left)
        final += [(pair[0], why) for pair, why, hopeless in failed if hopeless]
        left = [pair for pair, _, hopeless in failed if not hopeless]
        if not left:
            return final
    return final + [(pair[0], why) for pair, why, hopeless in failed if not hopeless]


def _try_batch(client: Any, batch: list[tuple[Send, dict[str, Any]]]) -> list[tuple[tuple[Send, dict[str, Any]], str, bool]]:
    """One request. What failed of it, why, and whether trying again can't help."""
    entries = [
        {"Id": str(index)} | {key: value for key, value in what.items() if key != "QueueUrl"} for index, (_, what) in enumerate(batch)
    ]
    try:
        answer = client.send_message_batch(QueueUrl=batch[0][1]["QueueUrl"], Entries=entries)
    except (BotoCoreError, ClientError) as error:
        return [(pair, str(error), False) for pair in batch]
    sent = {int(one["Id"]) for one in answer.get("Successful", [])}
    refusals = {int(one["Id"]): one for one in answer.get("Failed", [])}
    return [
        (pair, refusals.get(index, {}).get("Code", "not answered"), bool(refusals.get(index, {}).get("SenderFault")))
        for index, pair in enumerate(batch)
        if index not in sent
    ]


def _slices(items: Iterable[T], length: int) -> Iterator[list[T]]:
    rest = iter(items)
    while few := list(islice(rest, length)):
        yield few
