"""The figures of the rehearsal of scaling, from events that are made up; and the rehearsal itself in its short form."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import events, scaling
from benchmarks.events import Event
from benchmarks.local_group import used
from benchmarks.scaling_figures import bars, figures


def rehearsed(run: int, *, took: float = 2.0, predicted: float = 2.0, photos: int = 20) -> list[Event]:
    """A run in which each photo took as long as the others."""
    its: list[Event] = [{"t": 100.0, "event": "size", "desired": 1}, {"t": 110.0, "event": "size", "desired": 3}]
    its.append({"t": 0.0, "event": "predicted_size", "desired": 2})
    for n in range(photos):
        its.append({"t": 100.0 + n, "event": "sent", "key": f"p{n}"})
        its.append({"t": 100.0 + n + took, "event": "end", "key": f"p{n}", "node": "i1"})
        its.append({"t": n + predicted, "event": "predicted_answer", "seconds": predicted})
    return [{**event, "run": run} for event in its]


def missed(found: list[Event]) -> list[str]:
    return [bar.text for bar in bars(figures(found)) if not bar.held]


def test_each_figure_is_the_median_of_the_runs() -> None:
    found = figures([event for run, took in enumerate((2.0, 2.5, 90.0)) for event in rehearsed(run, took=took)])
    assert (found.runs, found.photos, found.unanswered, found.doubled) == (3, 60, 0, 0)
    assert (found.measured_p50_s, found.measured_p95_s, found.predicted_p95_s) == (2.5, 2.5, 2.0)
    assert found.apart == pytest.approx(0.2)
    assert (found.measured_most_instances, found.predicted_most_instances) == (3, 2)
    assert missed(rehearsed(0)) == []


@pytest.mark.parametrize(("took", "apart"), [(1.5, 33), (3.0, 33)])
def test_a_wrong_prediction_is_seen_in_both_directions(took: float, apart: int) -> None:
    (text,) = missed(rehearsed(0, took=took))
    assert text == f"p95 predicted 2.0 s, measured {took:.1f} s: {apart}% apart, at most 30%"


def test_what_was_lost_or_doubled_is_seen() -> None:
    history = rehearsed(0)
    lost: Event = {"t": 130.0, "event": "sent", "key": "p99", "run": 0}
    again = next(event for event in history if event["event"] == "end")
    assert missed([*history, lost, again]) == ["1 of 21 photos unanswered, 0", "1 tasks run twice, 0"]


def test_events_without_a_run_are_refused() -> None:
    with pytest.raises(ValueError, match="no run in these events"):
        figures([])


def test_a_task_computes_first_and_is_used_as_far_as_it_lies_in_the_period() -> None:
    tasks: list[Event] = [
        {"t": 8.0, "event": "start", "key": "before", "node": "i1"},  # computes until 9 and ends at 11
        {"t": 11.0, "event": "end", "key": "before", "node": "i1"},
        {"t": 12.0, "event": "start", "key": "within", "node": "i1"},  # computes until 13 and ends at 14
        {"t": 14.0, "event": "end", "key": "within", "node": "i1"},
        {"t": 19.5, "event": "start", "key": "after", "node": "i1"},  # has not ended
        {"t": 12.0, "event": "start", "key": "elsewhere", "node": "i2"},
    ]
    computing = dict.fromkeys(("before", "within", "after", "elsewhere"), 1.0)
    assert used(tasks, {"i1"}, computing, since=10, until=20) == (1.5, 3.5)
    assert used(tasks, {"i1", "i2"}, computing, since=10, until=20) == (2.5, 11.5)


@pytest.mark.timeout(240)
def test_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, plot = tmp_path / "raw.jsonl", tmp_path / "plot.svg"
    assert scaling.main(["--quick", "--raw", str(raw), "--plot", str(plot)]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["unanswered"], found["doubled"]) == (0, 0)
    history = events.read(raw)
    assert len(events.of(history, "sent")) == found["photos"] > 20
    assert [event["desired"] for event in events.of(history, "size")] == [1, 2, 0]  # it grew, and was sent home
    assert {event["node"] for event in events.of(history, "gone")} == {"i1", "i2"}
    assert {event["node"] for event in events.of(history, "end")} == {"i1", "i2"}
    assert ET.parse(plot).getroot().tag.endswith("svg")
    assert scaling.main(["--quick", "--figures", str(raw)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["measured_p95_s"] == found["measured_p95_s"]
