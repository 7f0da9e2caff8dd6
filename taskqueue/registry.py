"""What each worker says of itself, in one DynamoDB table that is listed by a Query. SQS has no remote control to ask it by.

The table has one hash key, `registry`, which is always "workers": a Query for it lists them all, and no Scan is needed. That is one
partition, which takes 1,000 writes a second: 10,000 workers that write every 10 s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BEAT_SECONDS = 10
SILENT_AFTER = timedelta(seconds=3.5 * BEAT_SECONDS)  # three writes in a row went missing
KEPT = timedelta(minutes=15)  # how long one that was killed is still listed
ALL = "workers"


@dataclass(frozen=True, kw_only=True)
class RunningTask:
    """A task that a worker runs at this moment."""

    id: str
    name: str
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker process and its pool, as it last said. Counts are since its start."""

    worker: str  # Celery's node name and the process's id, "celery@host/4711": a restarted one is another
    host: str
    started_at: datetime
    heartbeat_at: datetime
    instance: str | None = None  # the EC2 instance's id
    draining: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    queues: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()  # of all queues: those that it has heard to be paused
    memory_bytes: int | None = None  # of its process and its pool's together; None: the system doesn't tell
    processes: int = 0
    busy: int = 0
    running: tuple[RunningTask, ...] = ()
    last_poll_at: datetime | None = None
    done: int = 0
    failed: int = 0
    redelivered: int = 0  # of done and failed: those whose message had been received before
    duplicates: int = 0  # of done and failed: tasks that this very worker had finished already

    def state(self, now: datetime) -> str:
        """`up`; `draining`; or `silent`: killed, cut off, or without DynamoDB."""
        if now - self.heartbeat_at > SILENT_AFTER:
            return "silent"
        return "draining" if self.draining else "up"


class Registry:
    """The table. Errors of botocore pass through: whoever writes logs them, whoever reads is told."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, worker: Worker) -> None:
        self._client.put_item(TableName=self._table, Item=to_item(worker))

    def remove(self, worker: str) -> None:
        """It has ended as it should."""
        self._client.delete_item(TableName=self._table, Key={"registry": {"S": ALL}, "worker": {"S": worker}})

    def workers(self, now: datetime) -> list[Worker]:
        """All that were heard of lately, by name. What has expired is left out here: DynamoDB takes its time."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="registry = :all",
            ExpressionAttributeValues={":all": {"S": ALL}},
            ConsistentRead=True,
        )
        found = [from_item(item) for page in pages for item in page["Items"]]
        return [worker for worker in found if now - worker.heartbeat_at < KEPT]


def create_table(client: DynamoDBClient, table: str) -> bool:
    """Make the table where it is missing; False where it is there. On AWS, Terraform makes it."""
    try:
        client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "registry", "KeyType": "HASH"}, {"AttributeName": "worker", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "registry", "AttributeType": "S"},
                {"AttributeName": "worker", "AttributeType": "S"},
            ],
        )
    except client.exceptions.ResourceInUseException:
        return False
    client.get_waiter("table_exists").wait(TableName=table)
    client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"})
    return True


def as_plain(worker: Worker) -> dict[str, Any]:
    """With lists, dictionaries and ISO times, as JSON has them."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(worker), default=_iso))
    return plain


def to_item(worker: Worker) -> Any:
    """As DynamoDB stores it. `expires_at` is its TTL, in seconds since 1970.

    >>> at = datetime(2026, 11, 23)
    >>> to_item(Worker(worker="celery@vm/4711", host="vm", started_at=at, heartbeat_at=at, busy=2))["busy"]
    {'N': '2'}
    """
    plain = as_plain(worker) | {"registry": ALL, "expires_at": int((worker.heartbeat_at + KEPT).timestamp())}
    return {name: TypeSerializer().serialize(value) for name, value in plain.items()}


def from_item(item: Mapping[str, Any]) -> Worker:
    """What `to_item` stored. Attributes that this version does not know are left alone."""
    plain = {name: _native(TypeDeserializer().deserialize(value)) for name, value in item.items()}
    known = {name: plain[name] for name in Worker.__dataclass_fields__ if name in plain}
    for name in ("started_at", "heartbeat_at", "last_poll_at"):
        known[name] = datetime.fromisoformat(known[name]) if known.get(name) else None
    known["queues"], known["paused"] = tuple(known.get("queues", ())), tuple(known.get("paused", ()))
    known["running"] = tuple(_running(one) for one in known.get("running", ()))
    return Worker(**known)


def _running(plain: Mapping[str, Any]) -> RunningTask:
    return RunningTask(id=plain["id"], name=plain["name"], started_at=datetime.fromisoformat(plain["started_at"]))


def _native(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    raise TypeError(f"{type(value).__name__} has no place in the registry")
