"""What happens when, in loads so small that it can be told beforehand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.simulate.group import Fleet, History
from deploy.simulate.load import Photo
from deploy.simulate.policy import Target
from deploy.simulate.world import simulate

ONE = Fleet(least=1, most=1, processes=1, processors=1)
BACKLOG = Target("backlog", 10)


def ended(history: History) -> list[float]:
    """When each photo was answered, in the order of the answers."""
    return [round(photo.at + took, 6) for photo, took in history.answered]


def test_a_process_takes_one_photo_after_the_other() -> None:
    history = simulate(ONE, (), [Photo(0, 1, 0.5), Photo(0.1, 1, 0.5), Photo(9, 1, 0)], seed=1)
    assert ended(history) == [1.5, 3, 10]
    assert [round(took, 6) for _, took in history.answered] == [1.5, 2.9, 1]


def test_processes_wait_beside_one_another_and_compute_one_after_the_other() -> None:
    photos = [Photo(0, 1, 5)] * 3
    assert ended(simulate(replace(ONE, processes=3), (), photos, seed=1)) == [6, 7, 8]
    assert ended(simulate(replace(ONE, processes=3, processors=2), (), photos, seed=1)) == [6, 6, 7]
    assert ended(simulate(replace(ONE, processes=2), (), photos, seed=1)) == [6, 7, 12]


def test_the_flooding_chat_waits_behind_the_others_from_its_fourth_photo_on() -> None:
    floods = [Photo(0.01 * n, 1, 0, floods=True) for n in range(6)]
    history = simulate(ONE, (), [*floods, Photo(0.5, 1, 0)], seed=1)
    assert [photo.floods for photo, _ in history.answered] == [True] * 3 + [False] + [True] * 3


def test_the_group_grows_after_its_alarm_and_its_boot() -> None:
    """Two a second for one that does one: 60 wait after the first period. The third reading is known at the fourth period's end."""
    fleet = Fleet(least=1, most=2, processes=1, processors=1, period=60, late=1, boot=90)
    history = simulate(fleet, [BACKLOG], [Photo(0.25 + n / 2, 1, 0) for n in range(1000)], seed=1)
    assert history.sizes[:2] == [(0, 1), (240, 2)]
    assert [(at, reading.in_service) for at, reading in history.readings[:7]][3:] == [(240, 1), (300, 1), (360, 2), (420, 2)]
    assert [reading.backlog for _, reading in history.readings[:3]] == [60, 120, 180]  # one of those that came is being worked on


def test_cpu_and_busy_are_those_of_the_period() -> None:
    """Ten photos in a minute compute for 12 s and hold a process for 30 s; there are two of both."""
    fleet = replace(ONE, processes=2, processors=2)
    first = simulate(fleet, (), [Photo(n, 1.2, 1.8) for n in range(10)], seed=1, seconds=120).readings
    assert [(round(r.cpu or 0, 6), round(r.busy or 0, 6)) for _, r in first] == [(10, 25), (0, 0)]


def test_the_cpu_of_one_that_warms_up_does_not_count() -> None:
    """The second one is there from 270 on, so that it was busy for a half of the period that ends at 300."""
    load = [Photo(n / 2, 1, 0) for n in range(800)]
    warming = Fleet(least=1, most=2, processes=1, processors=1, late=0, boot=90, warm_up=600)
    for fleet, cpu in ((warming, 100), (replace(warming, warm_up=90), 75)):
        at, reading = simulate(fleet, [BACKLOG], load, seed=1).readings[4]
        assert (at, reading.in_service) == (300, 2)
        assert reading.cpu == pytest.approx(cpu)


def test_the_group_shrinks_without_losing_what_runs() -> None:
    """Nothing for a quarter of an hour, so that one of two has to go; it has a photo of 300 s when it hears of it."""
    fleet = Fleet(least=1, most=2, first=2, processes=1, processors=1, late=0)
    history = simulate(fleet, [BACKLOG], [Photo(895, 300, 0), Photo(896, 300, 0)], seed=1, seconds=1800)
    assert [size for _, size in history.sizes] == [2, 1]
    assert history.sizes[1][0] == 900
    assert ended(history) == [1195, 1196]
    assert history.instance_hours * 3600 == pytest.approx(2 * fleet.warm_up + 1800 + 1195)  # paid for until it was idle


def test_a_spot_instance_that_is_lost_drains_and_is_replaced() -> None:
    fleet = Fleet(least=1, most=1, processes=1, processors=1, losses=30, notice=10, boot=20)
    history = simulate(fleet, (), [Photo(n, 0.1, 0) for n in range(3000)], seed=1)
    assert history.losses > 3
    assert len(history.answered) == 3000
    assert history.sizes == [(0, 1)]  # that is no decision of the policies
    worst = max(took for _, took in history.answered)
    assert 30 < worst < 120  # the notice and the boot, in which nothing is taken; more where the new one is lost while it boots


def test_the_same_seed_is_the_same_history() -> None:
    fleet, photos = Fleet(losses=20), [Photo(n / 10, 0.3, 0.1) for n in range(5000)]
    first, second, other = (simulate(fleet, [BACKLOG], photos, seed=seed) for seed in (1, 1, 2))
    assert first == second
    assert first != other
