"""The hourly counters, read back: so many items for so many hours, whatever was counted in them."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from detection import aws, table
from detection.clock import now
from detection.counters import SHARDS, hour, upper_bound
from detection.errors import Unavailable

BATCH = 100  # DynamoDB's limit of keys in one BatchGetItem
TRIES = 5  # of a batch that DynamoDB answered in part
ENDED = timedelta(minutes=5)  # after its end an hour is counted in no more: a write takes seconds, and clocks differ by less
_REMEMBERED = 400  # ended hours


@dataclass(frozen=True, slots=True)
class Hour:
    """What was counted in the hour that begins at this time."""

    at: datetime
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of so many; in seconds, at most 41 % too high and never too low. None of nothing."""

    times: int
    p50: float | None
    p95: float | None
    p99: float | None


def read(count: int, *, until: datetime | None = None) -> list[Hour]:
    """The hour of `until` (now) and so many before it, the oldest first.

    An hour is eight items, read in batches of a hundred with eventual reads; one that has ended is read once by each process.
    Raises Unavailable.
    """
    last = (until or now()).replace(minute=0, second=0, microsecond=0)
    wanted = [last - timedelta(hours=back) for back in range(count, -1, -1)]
    name = str(table.counters().Meta.table_name)
    missing = [at for at in wanted if (name, at) not in _ended]
    found = _read(name, missing)
    for at in missing:
        if now() - at > timedelta(hours=1) + ENDED:
            _ended[name, at] = found[at]
    while len(_ended) > _REMEMBERED:
        _ended.pop(min(_ended, key=lambda key: key[1]), None)
    return [Hour(at, found[at] if at in found else _ended[name, at]) for at in wanted]


def summed(hours: Iterable[Hour]) -> dict[str, int]:
    """All hours together."""
    sums: Counter[str] = Counter()
    for one in hours:
        sums.update(one.counts)
    return dict(sums)


def percentiles(counts: Mapping[str, int], stage: str) -> Percentiles:
    """How long a stage took, by its buckets.

    >>> percentiles({"saving_00": 98, "saving_07": 2}, "saving").p50
    0.01
    """
    start = f"{stage}_"
    buckets = sorted((int(name.removeprefix(start)), times) for name, times in counts.items() if name.startswith(start))
    return Percentiles(sum(times for _, times in buckets), *(_percentile(buckets, share) for share in (0.5, 0.95, 0.99)))


def by_name(counts: Mapping[str, int], kind: str) -> list[tuple[str, int]]:
    """What was counted of a kind (`class`, `model`, `failure`): names and how often, the most frequent first.

    >>> by_name({"class:hot dog": 1, "class:cat": 3, "photos": 9}, "class")
    [('cat', 3), ('hot dog', 1)]
    """
    start = f"{kind}:"
    found = [(unquote(name.removeprefix(start)), times) for name, times in counts.items() if name.startswith(start)]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def forget() -> None:
    """Read ended hours anew at the next use (for tests, which empty the tables)."""
    _ended.clear()


_ended: dict[tuple[str, datetime], Mapping[str, int]] = {}  # by table and hour


def _read(name: str, hours: Sequence[datetime]) -> dict[datetime, Mapping[str, int]]:
    keys = {hour(at, shard): at for at in hours for shard in range(SHARDS)}
    names = list(keys)
    sums: dict[datetime, Counter[str]] = {at: Counter() for at in hours}
    with aws.translated("reading the counters"), ThreadPoolExecutor(4) as threads:
        batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
        for items in threads.map(lambda batch: _batch(name, batch), batches):
            for item in items:
                sums[keys[item["name"]["S"]]].update(_numbers(item))
    return {at: dict(counted) for at, counted in sums.items()}


def _batch(name: str, keys: Sequence[str]) -> list[Any]:
    """The items that there are of these; DynamoDB may answer in parts."""
    client: Any = aws.dynamodb().client
    found: list[Any] = []
    wanted: Any = {name: {"Keys": [{"name": {"S": key}} for key in keys]}}
    for attempt in range(TRIES):
        answer = client.batch_get_item(RequestItems=wanted)
        found += answer["Responses"].get(name, [])
        wanted = answer.get("UnprocessedKeys")
        if not wanted:
            return found
        time.sleep(0.05 * 2**attempt)
    raise Unavailable(f"DynamoDB held back some of {len(keys)} counters {TRIES} times while reading the counters")


def _numbers(item: Mapping[str, Any]) -> dict[str, int]:
    return {key: int(value["N"]) for key, value in item.items() if "N" in value and key != "expires_at"}


def _percentile(buckets: Sequence[tuple[int, int]], share: float) -> float | None:
    """The bound of the bucket in which the one of this rank is."""
    rank, seen = math.ceil(share * sum(times for _, times in buckets)), 0
    for number, times in buckets:
        seen += times
        if seen >= rank:
            return upper_bound(number)
    return None
