"""What the hourly counters hold, as a test sees them."""

from __future__ import annotations

from datetime import timedelta

import boto3

from detection import counters, table
from detection.clock import now


def counted() -> dict[str, int]:
    """The counters of this hour and the last, since a test may run over the hour's end, summed over their shards."""
    sums: dict[str, int] = {}
    for at in (now(), now() - timedelta(hours=1)):
        for shard in range(counters.SHARDS):
            for name, value in _one(counters.hour(at, shard)).items():
                sums[name] = sums.get(name, 0) + value
    return sums


def _one(name: str) -> dict[str, int]:
    client = boto3.client("dynamodb")
    found = client.get_item(TableName=table.counters().Meta.table_name, Key={"name": {"S": name}}).get("Item", {})
    return {key: int(value["N"]) for key, value in found.items() if "N" in value and key != "expires_at"}
