"""Which queues are paused: a word to all workers, in the registry's table, in a partition of its own.

A worker reads it before its first poll and with each of its heartbeats (BEAT_SECONDS), so a pause is followed within about ten seconds:
the queue is not polled any more, and what was received from it and not begun is given back. What runs goes on to its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAUSED = "paused-queues"  # the hash key, where workers have "workers"; the range key is the queue's name


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when a queue is not read, and who wanted that."""

    queue: str
    since: datetime
    by: str


class Pauses:
    """The registry's table. Errors of botocore pass through."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def all(self) -> dict[str, Pause]:
        """Every paused queue, by its name (a consistent read)."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="registry = :paused",
            ExpressionAttributeValues={":paused": {"S": PAUSED}},
            ConsistentRead=True,
        )
        found = [_from_item(item) for page in pages for item in page["Items"]]
        return {one.queue: one for one in found}

    def pause(self, queue: str, *, by: str, at: datetime) -> bool:
        """False where it is paused already: that pause stays as it is."""
        item: Any = _key(queue) | {"since": {"S": at.isoformat(timespec="milliseconds")}, "by": {"S": by}}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(registry)")
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def resume(self, queue: str) -> bool:
        """False where it was not paused."""
        gone = self._client.delete_item(TableName=self._table, Key=_key(queue), ReturnValues="ALL_OLD")
        return bool(gone.get("Attributes"))


def _key(queue: str) -> Any:
    return {"registry": {"S": PAUSED}, "worker": {"S": queue}}


def _from_item(item: Mapping[str, Any]) -> Pause:
    return Pause(item["worker"]["S"], datetime.fromisoformat(item["since"]["S"]), item["by"]["S"])
