"""The rows of the fault table, from events that are made up."""

from __future__ import annotations

import pytest

from benchmarks import fault_figures
from benchmarks.events import Event
from benchmarks.fault_cases import CASES
from benchmarks.subjects import OURS, STOCK


def put(key: str, *, poison: bool = False, t: float = 1.0) -> Event:
    return {"t": t, "event": "put", "key": key, "id": f"id-{key}", "poison": poison}


def ran(key: str, start: float, end: float | None, node: str = "a") -> list[Event]:
    events: list[Event] = [{"t": start, "event": "start", "key": key, "node": node}]
    return events if end is None else [*events, {"t": end, "event": "end", "key": key, "node": node}]


def received(key: str, t: float, until: float, copy: int = 0) -> Event:
    return {"t": t, "event": "received", "ids": [f"id-{key}"], "copies": [copy], "until": until}


def left(queue: list[str] | None = None, dead: list[str] | None = None) -> Event:
    return {"t": 99.0, "event": "left", "queue": queue or [], "dead": dead or []}


def test_nothing_is_lost_that_ended_or_waits() -> None:
    assert fault_figures.lost([put("a"), put("b"), *ran("a", 2, 3), left(queue=["b"])]) == set()


def test_lost_is_what_is_nowhere() -> None:
    assert fault_figures.lost([put("a"), put("b"), *ran("a", 2, None), left(queue=["b"])]) == {"a"}


def test_a_dead_letter_that_is_no_poison_is_lost() -> None:
    assert fault_figures.lost([put("a"), *ran("a", 2, 3), left(dead=["a"])]) == {"a"}


@pytest.mark.parametrize(("where", "gone"), [(left(dead=["p"]), set()), (left(queue=["p"]), set()), (left(), {"p"})])
def test_poison_is_lost_where_it_is_in_neither_queue(where: Event, gone: set[str]) -> None:
    assert fault_figures.lost([put("p", poison=True), where]) == gone


def test_poison_counts_as_a_dead_letter_once_it_is_one() -> None:
    run = [put("p", poison=True), put("a")]
    assert fault_figures.dead_letters([*run, left(dead=["p"])]) == 1
    assert fault_figures.dead_letters([*run, left(queue=["p"])]) == 0
    assert fault_figures.dead_letters([put("a"), left()]) is None


def test_run_twice_counts_tasks_that_ended_more_than_once() -> None:
    run = [*ran("a", 1, 2), *ran("a", 3, 4), *ran("b", 1, None), *ran("b", 3, 4), *ran("c", 1, 2)]
    assert fault_figures.run_twice(run) == 1


def test_resumed_is_the_first_start_of_what_was_received_after_the_fault() -> None:
    over: Event = {"t": 10.0, "event": "over"}
    run = [
        put("held"),
        put("new"),
        received("held", 5, 35),
        over,
        *ran("held", 10.5, 11),
        received("new", 12, 42, 1),
        *ran("new", 12.5, 13),
    ]
    assert fault_figures.resumed(run) == pytest.approx(2.5)
    assert fault_figures.resumed([e for e in run if e.get("key") != "new"]) is None
    assert fault_figures.resumed([e for e in run if e is not over]) is None


def test_resumed_of_one_node_is_its_own_start() -> None:
    over: Event = {"t": 10.0, "event": "over", "node": "a"}
    run = [
        put("x"),
        put("y"),
        over,
        received("x", 11, 41),
        received("y", 11, 41, 1),
        *ran("x", 11.5, 12, node="b"),
        *ran("y", 14, 15, node="a"),
    ]
    assert fault_figures.resumed(run) == pytest.approx(4)


STRUCK: Event = {"t": 10.0, "event": "struck"}


def test_visible_is_when_the_last_held_message_could_be_received_again() -> None:
    run = [
        received("a", 5, 35, 0),
        received("b", 8, 38, 1),
        STRUCK,
        {"t": 11.0, "event": "changed", "id": "id-b", "copy": 1, "until": 11.0},
    ]
    assert fault_figures.visible(run) == pytest.approx(25)
    assert fault_figures.visible(run[1:]) == pytest.approx(1)


def test_visible_leaves_out_what_the_holder_deleted() -> None:
    deleted: Event = {"t": 12.0, "event": "deleted", "id": "id-a", "copy": 0}
    assert fault_figures.visible([received("a", 5, 35), STRUCK, deleted]) is None
    assert fault_figures.visible([received("a", 5, 35), {**deleted, "t": 9.0}, STRUCK]) is None


def test_visible_does_not_count_what_the_next_holder_does() -> None:
    run = [
        received("a", 5, 35),
        STRUCK,
        {"t": 20.0, "event": "changed", "id": "id-a", "copy": 0, "until": 20.0},
        received("a", 21, 51),
        {"t": 22.0, "event": "deleted", "id": "id-a", "copy": 0},
        received("b", 30, 60, copy=1),
    ]
    assert fault_figures.visible(run) == pytest.approx(10)


def test_visible_ends_with_a_revoked_receipt() -> None:
    revoked: Event = {"t": 13.0, "event": "revoked", "ids": ["id-a"], "copies": [0]}
    assert fault_figures.visible([received("a", 5, 35), STRUCK, revoked]) == pytest.approx(3)


def row(fault: str, *, expects: str = "", **seen: object) -> fault_figures.Row:
    nothing = {"lost": 0, "run_twice": 0, "resumed_s": None, "visible_s": None, "dead_letters": None, "ended": None}
    return {"fault": fault, "subject": OURS, "expects": expects, **nothing, **seen}


@pytest.mark.parametrize(
    ("seen", "held"),
    [
        (row("503 20 s", expects="resumed", resumed_s=10.0), [True, True]),
        (row("503 20 s", expects="resumed", resumed_s=10.1), [True, False]),
        (row("503 20 s", expects="resumed", lost=1), [False, False]),
        (row("half-open 60 s", expects="resumed", resumed_s=29.0), [True, True]),
        (row("half-open 60 s", expects="resumed", resumed_s=31.0), [True, False]),
        (row("SIGKILL of the main process", expects="seen again", visible_s=34.0), [True, True]),
        (row("SIGKILL of the main process", expects="seen again", visible_s=36.0), [True, False]),
        (row("SIGTERM with prefetched work", expects="drained", visible_s=0.9), [True, True]),
        (row("SIGTERM with prefetched work", expects="drained", visible_s=1.1), [True, False]),
        (row("poison: not JSON", dead_letters=0), [True, False]),
        (row("two nodes", expects="resumed, seen again", resumed_s=9.0, visible_s=36.0), [True, True, False]),
        (row("a long task", expects="run once", run_twice=1), [True, False]),
        (row("expired receipt handles", run_twice=1), [True]),
        (row("503 20 s", failed="no worker"), [True, False]),
        (row("503 20 s", lost=3) | {"subject": STOCK}, []),
    ],
)
def test_the_bars(seen: fault_figures.Row, held: list[bool]) -> None:
    assert [bar.held for bar in fault_figures.bars([seen])] == held


def test_a_row_for_each_fault_and_subject() -> None:
    events: list[Event] = []
    for subject in (OURS, STOCK):
        case: Event = {"t": 0.0, "event": "case", "expects": "resumed", "how": ""}
        run = [case, put("a"), *ran("a", 2, 3), left(), {"t": 98.0, "event": "exit", "code": 1}]
        events += [{**event, "fault": "503 20 s", "subject": subject} for event in run]
    first, second = fault_figures.rows(events)
    assert (first["subject"], second["subject"]) == (OURS, STOCK)
    assert (first["lost"], first["run_twice"], first["resumed_s"], first["visible_s"], first["ended"], first["expects"]) == (
        0, 0, None, None, 1, "resumed",
    )  # fmt: skip


def test_a_bar_that_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no bar is called 'resumd'"):
        fault_figures.bars([row("503 20 s", expects="resumd")])


def test_every_case_has_bars_that_are_known_and_a_name_of_its_own() -> None:
    for case in CASES:
        fault_figures.bars([row(case.name, expects=case.expects)])
    assert len({case.name for case in CASES}) == len(CASES)
