"""Hourly counters: what the dashboard shows costs the same at a thousand predictions and at a billion.

An hour's counts are spread over shards (so that no item is hot) and summed on reading (`hours`). Seconds go into buckets that grow
by a factor of sqrt(2), so percentiles read from them are approximate: at most 41 % too high, never too low.

What is counted, each in the transaction of the write that it counts: `photos`, `done`, `failed`, `replied`, `undeliverable`;
`failure:REASON`, `model:VERSION`, `class:LABEL` (its detections); and STAGE_NN, how many took up to so long (see `bucket`). A label is
an attribute of some thirty bytes, so an item of 400 KB holds some 10,000 of them, which no model of ours comes near; of one prediction
at most MOST_LABELS are counted by name, since an update may be described in 4 KB.
"""

from __future__ import annotations

import logging
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from detection import aws, table
from detection.clock import now
from detection.errors import Unavailable
from detection.prediction import Detection, Prediction

if TYPE_CHECKING:
    from detection.predictions import Outcome

log = logging.getLogger(__name__)

SHARDS = 8
KEPT = timedelta(days=400)
TRIES = 6  # of a transaction that met another one on the same counter
MOST_LABELS = 100
OTHER_LABELS = "others"  # the label that the rest is counted by
_LONGEST_NAME = 100
_NAMES_AT_ONCE = 100  # of what `add` adds, since an update may be described in 4 KB
_FIRST_BUCKET_SECONDS = 0.01
_LAST_BUCKET = 46  # 0.01 s * sqrt(2)**46: 23 hours


@dataclass(frozen=True, slots=True)
class Counted:
    """How much is to be added to each name, in the hour of this time."""

    amounts: Mapping[str, int]
    at: datetime


def created(prediction: Prediction) -> Counted:
    """A prediction was made. A photo is counted with its first run; a further run brings no photo."""
    if prediction.run:
        return Counted({}, prediction.created_at)
    return Counted({"photos": 1} | _took("storing", prediction.received_at, prediction.stored_at), prediction.created_at)


def finished(outcome: Outcome, started: Prediction | None, at: datetime) -> Counted:
    """A prediction was finished so. `started` is it as the attempt began, which tells the waits; None where no attempt came to that."""
    queued_at, started_at = (started.queued_at, started.started_at) if started else (None, None)
    # A worker may start before the site has noted that it has sent the task: that one waited for nothing.
    waiting = _took("waiting", queued_at or started_at, started_at)
    if outcome.failure:
        return Counted({"failed": 1, named("failure", outcome.failure.value): 1} | waiting, at)
    stages = _took("detecting", started_at, outcome.detected_at) | _took("saving", outcome.detected_at, outcome.saved_at)
    model = {named("model", outcome.model): 1} if outcome.model else {}
    return Counted({"done": 1} | model | waiting | stages | _classes(outcome.detections), at)


def replied(prediction: Prediction, at: datetime) -> Counted:
    """A chat has its answer. One that was asked for once more says nothing of how long the first one took."""
    again = prediction.reopened_at
    stages = _took("answering", again or prediction.finished_at, at) | _took("latency", again or prediction.received_at, at)
    return Counted({"replied": 1} | stages, at)


def undeliverable(at: datetime) -> Counted:
    """A chat can't have its answer."""
    return Counted({"undeliverable": 1}, at)


def named(kind: str, name: str) -> str:
    """The attribute that counts this thing: safe in an expression, whatever the name has in it; `unquote` gives the name back.

    >>> named("class", "hot dog"), named("class", "tv [old]")
    ('class:hot dog', 'class:tv %5Bold%5D')
    """
    return f"{kind}:{quote(name, safe=' ')}"[:_LONGEST_NAME]


def bucket(stage: str, seconds: float) -> str:
    """The attribute that counts what took so long: `STAGE_NN` is for up to 0.01 s * sqrt(2)**NN.

    >>> bucket("saving", 0.005), bucket("saving", 0.011), bucket("saving", 0.1)
    ('saving_00', 'saving_01', 'saving_07')
    """
    number = 0 if seconds <= _FIRST_BUCKET_SECONDS else math.ceil(2 * math.log2(seconds / _FIRST_BUCKET_SECONDS))
    return f"{stage}_{min(number, _LAST_BUCKET):02d}"


def upper_bound(number: int) -> float:
    """The seconds that a bucket's number stands for.

    >>> upper_bound(0), round(upper_bound(7), 3)
    (0.01, 0.113)
    """
    return float(_FIRST_BUCKET_SECONDS * 2 ** (number / 2))


def in_one_transaction(write: Callable[[TransactWrite], None], counted: Counted) -> bool:
    """Do this write and count it, both or neither. False: the write's condition didn't hold. Raises TransactWriteError."""
    for attempt in range(TRIES):
        try:
            with TransactWrite(connection=aws.dynamodb()) as transaction:
                write(transaction)
                if counted.amounts:
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
            counted = Counted({name: 1}, now())
            _counter(counted.at).update(actions=_increments(counted))
    except Unavailable as away:
        log.warning("%s not counted: %s", name, away)


def add(many: Iterable[Counted]) -> None:
    """Count all of these, summed up by the hour: for what was not counted as it was written (see detection.fill). Raises Unavailable."""
    sums: dict[datetime, Counter[str]] = {}
    for counted in many:
        sums.setdefault(counted.at.replace(minute=0, second=0, microsecond=0), Counter()).update(counted.amounts)
    with aws.translated("counting"):
        for at, amounts in sums.items():
            names = list(amounts)
            for start in range(0, len(names), _NAMES_AT_ONCE):
                part = {name: amounts[name] for name in names[start : start + _NAMES_AT_ONCE]}
                _counter(at).update(actions=_increments(Counted(part, at)))


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
    # A path as a list is one name, with the dots that may be in it.
    return [Path([name]).add(amount) for name, amount in counted.amounts.items()] + [expires_at]


def _took(stage: str, since: datetime | None, until: datetime | None) -> dict[str, int]:
    """Nothing where either time is not known."""
    return {bucket(stage, (until - since).total_seconds()): 1} if since and until else {}


def _classes(detections: Sequence[Detection]) -> dict[str, int]:
    """How often each label was found, the most frequent by name."""
    found = Counter(one.label for one in detections).most_common()
    classes = {named("class", label): times for label, times in found[:MOST_LABELS]}
    rest = sum(times for _, times in found[MOST_LABELS:])
    return classes | ({named("class", OTHER_LABELS): rest} if rest else {})
