"""The figures of the queue's speed, from events that are made up."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks import report, speed_figures
from benchmarks.events import Event
from benchmarks.subjects import LOOP, OURS, STOCK

WINDOW: Event = {"t": 10.0, "event": "window", "began": 10.0, "ended": 14.0}


def task(key: str, start: float, end: float, pid: int = 1) -> list[Event]:
    return [{"t": start, "event": "start", "key": key, "pid": pid}, {"t": end, "event": "end", "key": key, "pid": pid}]


def labelled(run: list[Event], *, subject: str = OURS, case: str, number: int = 0) -> list[Event]:
    return [{**event, "subject": subject, "case": case, "run": number} for event in run]


def test_rate_counts_what_ends_in_the_window() -> None:
    tasks = [*task("before", 9, 9.9), *task("first", 9.9, 10.0), *task("second", 13, 13.9), *task("after", 13, 14.0)]
    requests: list[Event] = [{"t": t, "event": "request", "action": "ReceiveMessage"} for t in (9.0, 10.0, 12.0, 13.5, 14.0)]
    assert speed_figures.rate([WINDOW, *tasks, *requests]) == {"tasks_per_s": 0.5, "requests_per_task": 1.5}


def test_rate_of_a_worker_that_did_nothing() -> None:
    assert speed_figures.rate([WINDOW]) == {"tasks_per_s": 0.0, "requests_per_task": math.inf}


def test_busy_share_counts_parts_of_tasks_at_both_ends_of_the_window() -> None:
    first = [*task("a", 9, 11), *task("b", 12, 13)]  # 1 + 1 s inside
    second: list[Event] = [{"t": 13.0, "event": "start", "key": "c", "pid": 2}]  # 1 s, and never ended
    assert speed_figures.busy([WINDOW, *first, *second]) == {"busy_share": 3 / 8}


def test_busy_share_of_a_task_that_ran_twice_at_once() -> None:
    assert speed_figures.busy([WINDOW, *task("a", 10, 12, pid=1), *task("a", 11, 14, pid=2)]) == {"busy_share": 5 / 8}


def test_quiet_takes_percentiles_over_all_runs_and_counts_what_never_started() -> None:
    runs = []
    for number, waits in enumerate(([0.010, 0.020], [0.030, 0.140])):
        for n, wait in enumerate(waits):
            sending: Event = {"t": float(n), "event": "sending", "key": f"t{n}"}
            runs += labelled([sending, *task(f"t{n}", n + wait, n + wait)], case="quiet", number=number)
    runs += labelled([{"t": 9.0, "event": "sending", "key": "gone"}], case="quiet", number=1)
    seen = speed_figures.figures(runs)[OURS]["quiet"]
    assert (seen["p50_ms"], seen["p99_ms"]) == (pytest.approx(20), pytest.approx(140))
    assert (seen["samples"], seen["missing"]) == (4, 1)


def test_idle() -> None:
    usage: list[Event] = [
        {"t": 10.0, "event": "usage", "cpu_s": 1.0, "memory_bytes": 90e6},
        {"t": 14.0, "event": "usage", "cpu_s": 1.2, "memory_bytes": 100e6},
    ]
    requests: list[Event] = [{"t": t, "event": "request"} for t in (11.0, 13.0, 15.0)]
    assert speed_figures.idle([WINDOW, *usage, *requests]) == {
        "requests_per_hour": 1800,
        "cpu_percent": pytest.approx(5),
        "memory_mb": 100,
    }


def test_figures_are_medians_over_the_runs_of_one_subject_and_case() -> None:
    events = []
    for number, count in enumerate((4, 40, 8)):
        run = [WINDOW, *(e for n in range(count) for e in task(f"t{n}", 11, 12))]
        events += labelled(run, case="noop-10", number=number)
    events += labelled([WINDOW], subject=STOCK, case="noop-10")
    found = speed_figures.figures(events)
    assert (found[OURS]["noop-10"]["tasks_per_s"], found[OURS]["noop-10"]["runs"]) == (2, 3)
    assert found[STOCK]["noop-10"]["tasks_per_s"] == 0


@pytest.mark.parametrize(
    ("ours", "stock", "loop", "held"),
    [
        (0.96, 0.90, 0.98, [True, True, True]),
        (0.96, 0.97, 0.98, [False, True, True]),
        (0.96, 0.90, 0.995, [True, False, True]),
        (0.94, 0.90, 0.95, [True, True, False]),
    ],
)
def test_the_bars_of_the_busy_share(ours: float, stock: float, loop: float, held: list[bool]) -> None:
    found = {name: {"busy-0.3": {"busy_share": share}} for name, share in ((OURS, ours), (STOCK, stock), (LOOP, loop))}
    assert [bar.held for bar in speed_figures.bars(found)] == held


@pytest.mark.parametrize(("p50", "p99", "missing", "held"), [(35, 70, 0, [True] * 3), (36, 71, 1, [False] * 3)])
def test_the_bars_of_the_quiet_queue(p50: float, p99: float, missing: int, held: list[bool]) -> None:
    found = {OURS: {"quiet": {"p50_ms": p50, "p99_ms": p99, "samples": 300, "missing": missing}}}
    assert [bar.held for bar in speed_figures.bars(found)] == held


@pytest.mark.parametrize(("rate", "held"), [(500, True), (499, False)])
def test_the_bar_of_no_op_tasks(rate: float, *, held: bool) -> None:
    assert [bar.held for bar in speed_figures.bars({OURS: {"noop-10": {"tasks_per_s": rate}}})] == [held]


def test_percentile_is_the_nearest_rank() -> None:
    assert speed_figures.percentile(range(1, 101), 99) == 99
    assert speed_figures.percentile([7], 50) == 7
    assert speed_figures.percentile([], 50) == math.inf


def test_the_last_line_is_json_and_a_missed_bar_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.finish({"figure": math.inf}, [report.Bar("this holds", held=True)]) == 0
    assert report.finish({"figure": 1.23456}, [report.Bar("this does not", held=False)]) == 1
    first, last = (json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{"))
    assert (first["figure"], first["missed"]) == (None, [])
    assert (last["figure"], last["missed"]) == (1.235, ["this does not"])
    assert last["machine"]["cores"] >= 1
