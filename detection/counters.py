"""Hourly counters: what the dashboard shows costs the same at a thousand predictions and at a billion.

An hour's counts are spread over shards (so that no item is hot) and summed on reading. Latency goes into buckets that grow by
a factor of sqrt(2), so percentiles read from them are approximate: at most 41 % too high, never too low.
"""

from __future__ import annotations

import logging
import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from detection import aws, table
from detection.clock import now
from detection.errors import Unavailable
from detection.prediction import Status
from detection.table import PredictionItem

log = logging.getLogger(__name__)

SHARDS = 8
KEPT = timedelta(days=400)
TRIES = 6  # of a transaction that met another one on the same counter
_FIRST_BUCKET_SECONDS = 0.1
_LAST_BUCKET = 40  # 0.1 s * sqrt(2)**40: more than a day


@dataclass(frozen=True, slots=True)
class Counted:
    """Names to be counted once each, in the hour of this time."""

    names: tuple[str, ...]
    at: datetime


def finished(status: Status, at: datetime) -> Counted:
    """A prediction was finished."""
    return Counted((status.value.lower(),), at)


def replied(seconds: float, at: datetime) -> Counted:
    """A chat has its answer, this long after its photo was received."""
    return Counted(("replied", latency_bucket(seconds)), at)


def undeliverable(at: datetime) -> Counted:
    """A chat can't have its answer."""
    return Counted(("undeliverable",), at)


def latency_bucket(seconds: float) -> str:
    """The name of the bucket that holds this latency: `latency_NN` is for up to 0.1 s * sqrt(2)**NN.

    >>> latency_bucket(0.05), latency_bucket(0.11), latency_bucket(1.0)
    ('latency_00', 'latency_01', 'latency_07')
    """
    if seconds <= _FIRST_BUCKET_SECONDS:
        return "latency_00"
    number = math.ceil(2 * math.log2(seconds / _FIRST_BUCKET_SECONDS))
    return f"latency_{min(number, _LAST_BUCKET):02d}"


def in_one_transaction(item: PredictionItem, *, actions: list[Action], condition: Condition, counted: Counted) -> bool:
    """Update the item and count it, both or neither. False: the condition didn't hold. Raises TransactWriteError."""
    for attempt in range(TRIES):
        try:
            with TransactWrite(connection=aws.dynamodb()) as transaction:
                transaction.update(item, actions=actions, condition=condition)
                transaction.update(_counter(counted.at), actions=_increments(counted))
        except TransactWriteError as error:
            codes = [reason.code if reason else None for reason in error.cancellation_reasons]
            if codes[:1] == ["ConditionalCheckFailed"]:
                return False
            # Two transactions on one counter at the same moment: DynamoDB refuses one. Another shard is likely to be free.
            if "TransactionConflict" not in codes or attempt == TRIES - 1:
                raise
        else:
            return True
    raise AssertionError("unreachable: the last attempt returns or raises")


def note(name: str) -> None:
    """Count this once, beside any transaction. It never raises: where the table is away, the count is lost and logged."""
    try:
        with aws.translated(f"counting {name}"):
            counted = Counted((name,), now())
            _counter(counted.at).update(actions=_increments(counted))
    except Unavailable as away:
        log.warning("%s not counted: %s", name, away)


def hour(at: datetime, shard: int) -> str:
    """The name of an hour's item.

    >>> hour(datetime(2026, 11, 23, 21, 47), 3)
    'hour#2026-11-23T21#3'
    """
    return f"hour#{at:%Y-%m-%dT%H}#{shard}"


def _counter(at: datetime) -> table.CounterItem:
    return table.counters()(hour(at, random.randrange(SHARDS)))  # noqa: S311 - spreads load, hides nothing


def _increments(counted: Counted) -> list[Action]:
    expires_at = table.CounterItem.expires_at.set(counted.at + KEPT)
    return [Path(name).add(1) for name in counted.names] + [expires_at]
