"""Each benchmark runs, in its short form, on real workers: its last line is the JSON, its raw file gives the same figures again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import events, fault_table, history, kills, speed
from benchmarks.subjects import LOOP, OURS, STOCK

pytestmark = pytest.mark.timeout(240)


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_speed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw.jsonl"
    chosen = ["--case", "noop-10", "--case", "quiet", *(option for name in (OURS, STOCK, LOOP) for option in ("--subject", name))]
    assert speed.main(["--quick", "--raw", str(raw), *chosen]) == 0
    found = last_line(capsys)["figures"]
    assert list(found) == [OURS, STOCK, LOOP]
    assert all(found[name]["noop-10"]["tasks_per_s"] > 5 and found[name]["quiet"]["missing"] == 0 for name in found)
    assert speed.main(["--quick", "--figures", str(raw)]) == 0
    assert last_line(capsys)["figures"] == found


def test_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw.jsonl"
    assert fault_table.main(["--quick", "--raw", str(raw), "--fault", "SIGTERM", "--jobs", "2"]) == 0
    rows = last_line(capsys)["rows"]
    assert [(row["subject"], row["lost"]) for row in rows] == [(OURS, 0), (STOCK, 0)]
    assert {"fault", "subject", "lost", "run_twice", "resumed_s", "visible_s"} <= set(rows[0])
    assert fault_table.main(["--quick", "--figures", str(raw)]) == 0
    assert last_line(capsys)["rows"] == rows
    visible = {row["subject"]: row["visible_s"] for row in rows}
    assert visible[OURS] is not None
    assert visible[STOCK] is not None
    assert visible[OURS] < visible[STOCK]


def test_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw.jsonl"
    assert kills.main(["--quick", "--raw", str(raw), "--seed", "7"]) == 0
    found = last_line(capsys)
    assert (found["tasks"], found["lost"], found["doubled_effects"], found["stuck"], found["seed"]) == (200, 0, 0, 0, 7)
    assert found["kills"] >= 4
    verdict = history.check(events.read(raw))
    assert verdict.sound
    assert verdict.duplicates > 0
    doctored = [e for e in events.read(raw) if not (e["event"] == "effect" and e["key"] == "t9")]
    events.append(tmp_path / "doctored.jsonl", doctored)
    assert kills.main(["--quick", "--check", str(tmp_path / "doctored.jsonl")]) == 1
    assert last_line(capsys)["lost"] == 1
