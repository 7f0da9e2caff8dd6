"""What a rehearsal notes is printed, and can be read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.notes import Notes, read, table


def test_an_event_is_told_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = Notes()
    note("built", "the site is built", image="site", bytes=5)
    note("left", "nothing is left", left=[])
    assert [line.split(" s  ")[1] for line in capsys.readouterr().out.splitlines()] == ["the site is built", "nothing is left"]
    note.write(tmp_path / "raw")
    assert read(tmp_path / "raw") == note.events
    assert [{name: value for name, value in event.items() if name != "at"} for event in note.events] == [
        {"event": "built", "image": "site", "bytes": 5},
        {"event": "left", "left": []},
    ]
    assert all(event["at"] >= 0 for event in note.events)


def test_figures_stand_below_one_another() -> None:
    assert table({"a": 1, "longer": "x"}) == "a       1\nlonger  x"
