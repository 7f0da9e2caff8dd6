"""Read units, by the examples of AWS's own documentation, and by what an emulator really answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from benchmarks import events
from benchmarks.events import Log
from benchmarks.meter import Meter
from benchmarks.read_units import Item, item_size, units
from tests.clouds import Cloud

KB = 1024


def sized(size: float) -> Item:
    """An item of so many bytes."""
    return {"k": {"S": "x" * (int(size) - 1)}}


def got(size: float, *, consistent: bool) -> float:
    return units("GetItem", {"ConsistentRead": consistent}, {"Item": sized(size)})


def queried(sizes: list[float], **asked: Any) -> float:
    return units("Query", asked, {"Items": [sized(size) for size in sizes], "ScannedCount": len(sizes)})


def batch(sizes: list[float], *, keys: int | None = None, **asked: Any) -> float:
    wanted = {"t": {"Keys": [{}] * (len(sizes) if keys is None else keys), **asked}}
    return units("BatchGetItem", {"RequestItems": wanted}, {"Responses": {"t": [sized(size) for size in sizes]}})


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html, in 4 KB that are read consistently
@pytest.mark.parametrize(
    ("found", "steps"),
    [
        pytest.param(got(3500, consistent=True), 1, id="3,500 bytes are as 4 KB"),
        pytest.param(got(8 * KB, consistent=True), 2, id="8 KB, consistent"),
        pytest.param(got(8 * KB, consistent=False), 1, id="8 KB, eventual"),
        pytest.param(got(3.5 * KB, consistent=True), 1, id="3.5 KB as 4 KB"),
        pytest.param(got(10 * KB, consistent=True), 3, id="10 KB as 12 KB"),
        pytest.param(batch([1.5 * KB, 6.5 * KB], ConsistentRead=True), 3, id="a batch of 1.5 and 6.5 KB as 4 + 8 KB"),
        pytest.param(queried([4.08 * KB] * 10, ConsistentRead=True), 11, id="a query of 10 items with 40.8 KB as 44 KB"),
        pytest.param(queried([64] * 1500, ConsistentRead=True), 24, id="a query of 1,500 items of 64 bytes as 96 KB"),
    ],
)
def test_reads_cost_what_aws_says(found: float, steps: float) -> None:
    assert found == steps


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
@pytest.mark.parametrize(
    ("item", "size"),
    [
        pytest.param({"shirt-color": {"S": "R"}, "shirt-size": {"S": "M"}}, 23, id="an item of two strings"),
        pytest.param({"ü": {"S": "é"}}, 4, id="UTF-8"),
        pytest.param({"n": {"N": "27"}}, 3, id="two digits are a byte, and one more"),
        pytest.param({"n": {"N": "-0.00912300"}}, 4, id="zeros before and behind are trimmed"),
        pytest.param({"n": {"N": "1E+30"}}, 3, id="an exponent is no digit"),
        pytest.param({"n": {"N": "0"}}, 2, id="zero"),
        pytest.param({"b": {"B": b"12345"}}, 6, id="raw bytes"),
        pytest.param({"b": {"BOOL": True}, "c": {"NULL": True}}, 4, id="a byte each"),
        pytest.param({"l": {"L": []}, "m": {"M": {}}}, 8, id="empty ones: three bytes and the name"),
        pytest.param({"l": {"L": [{"S": "ab"}, {"N": "1"}]}}, 1 + 3 + (1 + 2) + (1 + 2), id="a list: a byte more for each element"),
        pytest.param({"m": {"M": {"a": {"S": "b"}}}}, 1 + 3 + (1 + 1 + 1), id="a map"),
        pytest.param({"s": {"SS": ["ab", "c"]}}, 4, id="a set"),
    ],
)
def test_items_have_the_size_that_aws_says(item: Item, size: int) -> None:
    assert item_size(item) == size


def test_what_is_not_there_costs_as_the_smallest() -> None:
    assert units("GetItem", {"ConsistentRead": True}, {}) == 1
    assert queried([]) == 0.5
    assert batch([100], keys=3) == 1.5


def test_keys_that_were_not_read_cost_nothing() -> None:
    asked: dict[str, Any] = {"RequestItems": {"t": {"Keys": [{}, {}, {}]}}}
    assert units("BatchGetItem", asked, {"Responses": {"t": [sized(9)]}, "UnprocessedKeys": {"t": {"Keys": [{}]}}}) == 1


@pytest.mark.parametrize(
    ("operation", "asked", "answered", "why"),
    [
        ("Query", {}, {"Items": [sized(9)], "ScannedCount": 4}, "of 4 items read 1 were answered"),
        ("Query", {"Select": "COUNT"}, {"ScannedCount": 4}, "Select leaves parts"),
        ("GetItem", {"ProjectionExpression": "a"}, {"Item": sized(9)}, "ProjectionExpression leaves parts"),
        ("TransactGetItems", {}, {}, "no rule here for what TransactGetItems reads"),
    ],
)
def test_what_the_answer_does_not_show_is_not_guessed(
    operation: str, asked: Mapping[str, Any], answered: Mapping[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        units(operation, asked, answered)


def test_the_meter_writes_down_what_a_client_reads_while_it_has_labels(cloud: Cloud, tmp_path: Path) -> None:
    note, client = Log(tmp_path / "events"), boto3.client("dynamodb")
    table = f"{cloud.environment['TABLE_PREFIX']}-chats"
    meter = Meter(note)
    meter.attach(client)
    client.put_item(TableName=table, Item={"chat_id": {"N": "1"}, "text": {"S": "x" * 5000}})
    meter.labels = {"page": "one"}
    assert client.get_item(TableName=table, Key={"chat_id": {"N": "1"}}, ConsistentRead=True)["Item"]["chat_id"] == {"N": "1"}
    client.batch_get_item(RequestItems={table: {"Keys": [{"chat_id": {"N": "1"}}, {"chat_id": {"N": "2"}}]}})
    note.close()
    found = events.read(tmp_path / "events")
    assert [(e["operation"], e["units"]) for e in events.of(found, "read", page="one")] == [("GetItem", 2), ("BatchGetItem", 1.5)]
    sent = events.of(found, "sent", page="one")
    assert len(sent) == 2
    assert all(0 < e["until"] - e["since"] < 5 for e in sent)
    assert len(found) == 4


def test_a_projection_costs_what_the_whole_items_cost(cloud: Cloud, tmp_path: Path) -> None:
    """Its answer shows parts alone: the meter looks the whole up, once, and not while anything is measured."""
    note, client = Log(tmp_path / "events"), boto3.client("dynamodb")
    table = f"{cloud.environment['TABLE_PREFIX']}-predictions"
    item = {
        "prediction_id": {"S": "42-7"},
        "chat_id": {"N": "42"},
        "created_at": {"S": "2026-11-25T12:00:00.000000+0000"},
        "text": {"S": "x" * 9000},
    }
    client.put_item(TableName=table, Item=item)
    meter = Meter(note)
    meter.attach(client)
    meter.labels = {"page": "one"}
    for _ in range(2):
        client.query(
            TableName=table,
            IndexName="by_chat",
            KeyConditionExpression="chat_id = :chat",
            ExpressionAttributeValues={":chat": {"N": "42"}},
            ProjectionExpression="prediction_id",
        )
    note.close()
    found = events.read(tmp_path / "events")
    assert [(e["operation"], e["units"]) for e in events.of(found, "read", page="one")] == [("Query", 1.5)] * 2
    assert len(events.of(found, "sent", page="one")) == 2
