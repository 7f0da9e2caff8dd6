"""The redrive benchmark in its short form, and its figures from histories with a fault planted in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import redrive
from benchmarks.events import Event
from benchmarks.redrive import bars, figures


def history(*, sent: int = 3, effects: tuple[str, ...] = ("t0", "t1", "t2"), dead: tuple[str, ...] = ()) -> list[Event]:
    puts = [{"t": 0.0, "event": "put", "key": f"t{number}"} for number in range(3)]
    first = [{"t": 0.5, "event": "sent", "queue": "bench", "copies": 1}]
    again = [{"t": 2.0 + number * 0.02, "event": "sent", "queue": "bench", "copies": 1} for number in range(sent)]
    had = [{"t": 3.0, "event": "effect", "key": key} for key in effects]
    return [*puts, *first, {"t": 1.0, "event": "mended"}, *again, *had, {"t": 4.0, "event": "left", "queue": [], "dead": list(dead)}]


def held(events: list[Event]) -> list[bool]:
    return [bar.held for bar in bars(figures(events), 50)]


def test_a_sound_history_holds() -> None:
    assert held(history()) == [True] * 4
    assert figures(history()).per_s == pytest.approx(50)


@pytest.mark.parametrize(
    ("doctored", "missed"),
    [
        (history(effects=("t0", "t1")), 1),
        (history(dead=("t2",)), 1),
        (history(effects=("t0", "t1", "t2", "t2")), 2),
        (history(sent=2), 0),
        (history(sent=4), 0),
    ],
)
def test_a_planted_fault_is_seen(doctored: list[Event], missed: int) -> None:
    assert held(doctored) == [place != missed for place in range(4)]


def test_a_history_without_a_redrive_proves_nothing() -> None:
    with pytest.raises(ValueError, match="mended"):
        figures([event for event in history() if event["event"] != "mended"])


@pytest.mark.timeout(240)
def test_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw.jsonl"
    redrive.main(["--letters", "40", "--rate", "20", "--raw", str(raw)])
    found = last_line(capsys)
    assert [found[name] for name in ("letters", "redriven", "lost", "doubled_effects")] == [40, 40, 0, 0]
    redrive.main(["--figures", str(raw), "--rate", "20"])
    assert last_line(capsys)["per_s"] == found["per_s"]


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found
