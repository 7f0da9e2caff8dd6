"""The checker of histories: sound ones are green; a planted loss, double or stuck task turns it red."""

from __future__ import annotations

import pytest

from benchmarks import history
from benchmarks.events import Event


def sound() -> list[Event]:
    """Three tasks over ten seconds, one delivered twice, one worker killed."""
    keys = ["t0", "t1", "t2"]
    puts: list[Event] = [{"t": 100.0 + n, "event": "put", "key": key} for n, key in enumerate(keys)]
    sent: list[Event] = [{"t": 100.1, "event": "sent", "id": key, "copies": 2 if key == "t1" else 1} for key in keys]
    effects: list[Event] = [{"t": 104.0 + 3 * n, "event": "effect", "key": key} for n, key in enumerate(keys)]
    return [*puts, *sent, {"t": 105.0, "event": "struck", "worker": 0}, *effects, left()]


def left(queue: list[str] | None = None, dead: list[str] | None = None) -> Event:
    return {"t": 120.0, "event": "left", "queue": queue or [], "dead": dead or []}


def without(events: list[Event], name: str, key: str = "") -> list[Event]:
    return [e for e in events if not (e["event"] == name and e.get("key", "") == key)]


def test_a_sound_history_is_green() -> None:
    verdict = history.check(sound())
    assert verdict.sound
    assert (verdict.tasks, verdict.kills, verdict.duplicates) == (3, 1, 1)
    assert verdict.tasks_per_s == pytest.approx(0.3)


def test_a_lost_task_is_red() -> None:
    verdict = history.check(without(sound(), "effect", "t1"))
    assert (verdict.sound, verdict.lost, verdict.doubled, verdict.stuck) == (False, ["t1"], [], [])


def test_a_doubled_effect_is_red() -> None:
    verdict = history.check([*sound(), {"t": 111.0, "event": "effect", "key": "t2"}])
    assert (verdict.sound, verdict.lost, verdict.doubled, verdict.stuck) == (False, [], ["t2"], [])


def test_a_stuck_task_is_red_and_not_lost() -> None:
    events = [*without(without(sound(), "effect", "t0"), "left"), left(queue=["t0"])]
    verdict = history.check(events)
    assert (verdict.sound, verdict.lost, verdict.doubled, verdict.stuck) == (False, [], [], ["t0"])


def test_a_message_that_stays_although_its_effect_is_there_is_stuck() -> None:
    assert history.check([*without(sound(), "left"), left(queue=["t0"])]).stuck == ["t0"]


def test_a_dead_letter_is_lost_even_where_its_effect_is_there() -> None:
    assert history.check([*without(sound(), "left"), left(dead=["t0"])]).lost == ["t0"]


def test_an_effect_that_nobody_asked_for_is_red() -> None:
    verdict = history.check([*sound(), {"t": 111.0, "event": "effect", "key": "t99"}])
    assert (verdict.sound, verdict.strange) == (False, ["t99"])


def test_a_history_without_an_end_proves_nothing() -> None:
    with pytest.raises(ValueError, match="cut short"):
        history.check(without(sound(), "left"))


def test_too_few_kills_miss_the_bar() -> None:
    kills: list[Event] = [{"t": 106.0, "event": "struck", "worker": 0}] * 59
    held = history.bars(history.check([*sound(), *kills]))
    assert [bar.held for bar in held] == [True] * 5
    assert [bar.held for bar in history.bars(history.check(sound()))] == [False, True, True, True, True]
