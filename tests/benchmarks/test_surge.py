"""The figures of growing and shrinking, from events that are made up; and the benchmark itself in its short form."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import events, surge
from benchmarks.events import Event
from benchmarks.surge import Figures, Plan, bars, figures


def history(*, grown: float = 0.5, answers: int = 1) -> list[Event]:
    """One cycle with one photo."""
    return [
        {"t": 0.0, "event": "processes", "count": 1},
        {"t": 10.0, "event": "surge", "cycle": 0},
        {"t": 10.0, "event": "sent", "chat": 7, "message": 1},
        {"t": 10.0 + grown, "event": "processes", "count": 4},
        *({"t": 20.0, "event": "answered", "chat": 7, "message": 1} for _ in range(answers)),
        {"t": 20.0, "event": "over", "cycle": 0},
        {"t": 25.5, "event": "processes", "count": 1},
    ]


FINE = Figures(photos=1, lost=0, doubled=0, cycles=1, most_processes=4, grown_s=0.5, shrunk_s=5.5)


def test_each_figure() -> None:
    assert figures(history()) == FINE
    assert all(bar.held for bar in bars(FINE, Plan(cycles=1)))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (figures(history(answers=0)), "1 of 1 photos lost, 0"),
        (figures(history(answers=2)), "1 answered twice, 0"),
        (figures(history(grown=5.0)), "growing after 5.0 s at the latest, less than 5"),
        (replace(FINE, shrunk_s=11.0), "one process again 11.0 s after the last answer at the latest, less than 10"),
        (replace(FINE, cycles=0), "0 cycles of growing and shrinking, at least 1"),
        (replace(FINE, most_processes=3), "3 processes at the most, 4"),
    ],
)
def test_what_falls_short_is_seen(found: Figures, text: str) -> None:
    assert [bar.text for bar in bars(found, Plan(cycles=1)) if not bar.held] == [text]


def test_a_surge_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="no event 'over'"):
        figures(history()[:4])


@pytest.mark.timeout(240)
def test_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, plot = tmp_path / "raw.jsonl", tmp_path / "plot.svg"
    assert surge.main(["--quick", "--raw", str(raw), "--plot", str(plot)]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["photos"], found["lost"], found["doubled"]) == (24, 0, 0)
    assert found["most_processes"] > 1
    assert len(events.of(events.read(raw), "answered")) == 24
    assert len(ET.parse(plot).getroot().findall("{http://www.w3.org/2000/svg}path")) == 2
    assert surge.main(["--quick", "--figures", str(raw)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["cycles"] == found["cycles"]
