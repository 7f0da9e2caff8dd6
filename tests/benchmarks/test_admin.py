"""The admin's benchmark in its short form, and its figures from events with a fault planted in them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import admin
from benchmarks.admin import Row, bars, covered, figures
from benchmarks.events import Event


def visited(page: str = "list", predictions: int = 10, number: int = 0, *, ms: float = 50.0, requests: int = 2) -> list[Event]:
    """A visit with requests of 10 ms, one after the other, and half a unit each."""
    labels = {"t": 0.0, "page": page, "predictions": predictions, "visit": number}
    sent = [{**labels, "event": "sent", "since": place * 0.01, "until": (place + 1) * 0.01} for place in range(requests)]
    read = [{**labels, "event": "read", "operation": "Query", "units": 0.5} for _ in range(requests)]
    return [*sent, *read, {**labels, "event": "visit", "ms": ms, "cpu_ms": ms / 10}]


def test_figures_are_of_all_visits_but_the_warm_ups() -> None:
    found = [event for number in range(1, 21) for event in visited(number=number, ms=100.0 + number)]
    found += visited(number=-1, ms=9000.0, requests=50)
    found += visited(number=21, ms=105.0, requests=3)
    (row,) = figures(found)
    assert (row.page, row.predictions, row.visits, row.p95_ms, row.requests, row.read_units) == ("list", 10, 21, 119.0, 3, 1.5)
    assert (row.emulator_ms, row.own_ms, row.cpu_ms) == pytest.approx((20, 99, 11))


def test_each_page_and_size_is_a_row() -> None:
    found = [event for page in ("list", "one") for size in (10, 99) for event in visited(page, size)]
    assert [(row.page, row.predictions) for row in figures(found)] == [("list", 10), ("list", 99), ("one", 10), ("one", 99)]


def test_no_visits_prove_nothing() -> None:
    with pytest.raises(ValueError, match="no page was visited"):
        figures(visited(number=-2))


def test_what_goes_on_at_once_is_waited_for_once() -> None:
    assert covered([(5, 6), (0, 2), (1, 3), (1, 1.5)]) == 4
    assert covered([]) == 0


SMALL = Row(page="list", predictions=1000, visits=40, p95_ms=90, emulator_ms=20, own_ms=75, cpu_ms=40, requests=4, read_units=20)
LARGE = replace(SMALL, predictions=100_000, p95_ms=900, emulator_ms=700, own_ms=300)


@pytest.mark.parametrize(
    ("large", "held"),
    [
        (LARGE, [True, True, True]),
        (replace(LARGE, read_units=21), [True, True, True]),
        (replace(LARGE, own_ms=301), [False, True, True]),
        (replace(LARGE, requests=5), [True, False, True]),
        (replace(LARGE, read_units=21.5), [True, True, False]),
    ],
)
def test_a_planted_fault_is_seen(large: Row, held: list[bool]) -> None:
    assert [bar.held for bar in bars([SMALL, large])] == held


@pytest.mark.timeout(240)
def test_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw.jsonl"
    assert admin.main(["--quick", "--raw", str(raw)]) == 0
    found = last_line(capsys)["pages"]
    names = ["list", "by day", "by chat", "by open", "bounded", "one", "dashboard"]
    assert [(row["page"], row["predictions"]) for row in found] == [(name, size) for size in (60, 200) for name in names]
    assert all(
        0 < row["emulator_ms"] < row["p95_ms"] and row["cpu_ms"] > 0 and row["requests"] > 0 and row["read_units"] >= 0.5 for row in found
    )
    assert admin.main(["--quick", "--figures", str(raw)]) == 0
    assert last_line(capsys)["pages"] == found


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found
