"""The figures of the flood, from events that are made up; and the benchmark itself in its short form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import events, fairness
from benchmarks.events import Event
from benchmarks.fairness import BOTH, FLOOD, FLOODING, QUIET, bars, figures


def photo(scene: str, chat: int, number: int, *, sent: float, started: float) -> list[Event]:
    """One that took half a second."""
    name, times = f"{chat}-{number}", {"sent": sent, "start": started, "end": started + 0.5}
    return [{"t": at, "event": event, "id": name, "scene": scene, "chat": chat} for event, at in times.items()]


def scenes(*, wait: float = 0.4, flood: float = 100) -> list[Event]:
    return [
        *photo(QUIET, FLOODING + 1, 1, sent=0, started=0.1),
        *photo(FLOOD, FLOODING, 1, sent=0, started=0),
        *photo(FLOOD, FLOODING, 2, sent=1, started=99.5),
        *photo(BOTH, FLOODING, 1, sent=0, started=0),
        *photo(BOTH, FLOODING, 2, sent=1, started=flood - 0.5),
        *photo(BOTH, FLOODING + 1, 1, sent=50, started=50 + wait),
    ]


def missed(found: list[Event]) -> list[str]:
    return [bar.text for bar in bars(figures(found)) if not bar.held]


def test_each_figure() -> None:
    found = figures(scenes())
    assert (found.flood_s, found.flood_beside_quiet_s, found.task_s) == (100, 100, 0.5)
    assert found.quiet_p95_s == pytest.approx(0.1)
    assert found.quiet_p95_in_flood_s == pytest.approx(0.4)
    assert (found.unstarted, found.doubled) == (0, 0)
    assert missed(scenes()) == []


def test_a_chat_that_waits_for_the_flood_is_seen() -> None:
    (text,) = missed(scenes(wait=1.2))
    assert text == "a quiet chat's p95 wait in the flood: 1.20 s, at most 1.10 (alone 0.10)"


def test_a_flood_that_is_held_up_is_seen() -> None:
    (text,) = missed(scenes(flood=111))
    assert text == "the flood beside quiet chats: 1.110 of its time alone, at most 1.1"


def test_what_was_lost_or_doubled_is_seen() -> None:
    lost = {"t": 60, "event": "sent", "id": "9-9", "scene": BOTH, "chat": 9}
    again = next(event for event in scenes() if event["event"] == "end")
    assert [text[:1] for text in missed([*scenes(), lost, again])] == ["1", "1"]


def test_a_scene_without_tasks_is_refused() -> None:
    with pytest.raises(ValueError, match="no task was started in the scene 'both'"):
        figures([event for event in scenes() if event["scene"] != BOTH])


@pytest.mark.timeout(240)
def test_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw.jsonl"
    assert fairness.main(["--quick", "--raw", str(raw)]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["unstarted"], found["doubled"]) == (0, 0)
    assert found["task_s"] > 0.3
    assert len(events.of(events.read(raw), "sent", scene=BOTH)) == 12
    assert fairness.main(["--quick", "--figures", str(raw)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["flood_s"] == found["flood_s"]
