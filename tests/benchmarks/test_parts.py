"""The small parts that the benchmarks are made of."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benchmarks import effects, events, messages, networks, report, subjects
from benchmarks.events import Log


def test_an_effect_is_had_once(tmp_path: Path) -> None:
    table = tmp_path / "effects.sqlite"
    effects.prepare(table)
    assert [effects.have(table, key, node="a") for key in ("t1", "t1", "t2")] == [True, False, True]
    assert [event["key"] for event in effects.events(table)] == ["t1", "t2"]


def test_a_double_effect_would_be_seen(tmp_path: Path) -> None:
    table = tmp_path / "effects.sqlite"
    effects.prepare(table)
    effects.have(table, "t1", node="a")
    with sqlite3.connect(table) as database:
        database.execute("DELETE FROM claimed")  # as if the condition had not held
    database.close()
    assert effects.have(table, "t1", node="b")
    assert [event["key"] for event in effects.events(table)] == ["t1", "t1"]


def test_events_come_back_in_order_without_a_broken_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = Log(path)
    log("first", key="a")
    log("second", key="b")
    log.close()
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[1], lines[0], '{"t": 1, "ev']))
    assert [event["event"] for event in events.read(path)] == ["first", "second"]
    assert events.read(tmp_path / "nothing.jsonl") == []


def test_appended_events_carry_labels(tmp_path: Path) -> None:
    events.append(tmp_path / "raw.jsonl", [{"t": 1.0, "event": "end"}], subject="x", run=2)
    assert events.of(events.read(tmp_path / "raw.jsonl"), "end", run=2) == [{"t": 1.0, "event": "end", "subject": "x", "run": 2}]


def test_a_body_says_what_it_calls() -> None:
    assert messages.call(messages.body("bench.nap", "k", 0.3)) == ("bench.nap", ["k", 0.3])


@pytest.mark.parametrize("make", [messages.not_base64, messages.not_json, messages.undecodable])
def test_such_poison_cannot_be_decoded(make: messages.Make) -> None:
    with pytest.raises(ValueError, match=r"JSON|base64|Expecting|Incorrect padding|decode|property name"):
        messages.call(make("k"))


def test_stock_and_ours_start_in_the_same_way_but_for_their_settings() -> None:
    ours, stock = (subjects.SUBJECTS[name] for name in (subjects.OURS, subjects.STOCK))
    assert subjects.command(ours, concurrency=2, prefetch=1, queue="q") == subjects.command(stock, concurrency=2, prefetch=1, queue="q")
    assert ours.settings != stock.settings


@pytest.mark.parametrize("name", ["ours", "stock"])
def test_settings_read_the_queue_and_ack_late(name: str) -> None:
    found = subjects.settings(name, {"bench": "http://127.0.0.1/q"}, visibility=7)
    assert found["broker_transport_options"]["visibility_timeout"] == 7
    assert found["broker_transport_options"]["predefined_queues"]["bench"]["url"] == "http://127.0.0.1/q"
    assert found["task_acks_late"] is True


def test_each_node_has_an_address_of_its_own() -> None:
    with networks.nodes(2) as (a, b):
        assert a.host != b.host
        assert a.how == b.how


def test_a_table_lines_up_and_writes_nothing_as_a_dash() -> None:
    assert report.table(["name", "value"], [["a", 1.23456], ["longer", None]]) == "name    value\n------  -----\na       1.23\nlonger  –"
