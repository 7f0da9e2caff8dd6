"""The simulation against Erlang C, and Erlang C against values that are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.simulate.figures import Mean
from deploy.simulate.theory import Check, Queue, checks


def test_erlang_c_of_one_and_two_servers() -> None:
    one = Queue(rate=0.8, seconds=1, servers=1)  # M/M/1: it waits as often as the server is busy
    assert one.waits == pytest.approx(0.8)
    assert one.mean_wait == pytest.approx(4)
    two = Queue(rate=1.5, seconds=1, servers=2)  # M/M/2: 2ρ² / (1 + ρ), with ρ = 0.75
    assert two.waits == pytest.approx(2 * 0.75**2 / 1.75)


def test_erlang_c_of_many_servers_does_not_overflow() -> None:
    assert 0.0 < Queue(rate=900, seconds=1, servers=1000).waits < 0.01


def test_more_than_the_servers_can_do_is_refused() -> None:
    with pytest.raises(ValueError, match="8/s of 1 s each never get done by 8 servers"):
        Queue(rate=8, seconds=1, servers=8)


@pytest.mark.parametrize("queue", [Queue(rate=7, seconds=1, servers=8), Queue(rate=1.4, seconds=1, servers=2), Queue(30, 0.5, 20)])
def test_the_simulation_does_what_erlang_c_says(queue: Queue) -> None:
    found = checks(queue, seeds=20, photos=10_000)
    assert [check.what for check in found if not check.holds] == []
    assert all(check.simulated.margin < 0.25 * check.theory for check in found)  # narrow enough to say something


def test_a_disagreement_is_seen() -> None:
    assert Check("", 1.0, Mean(1.04, 0.001)).holds
    assert not Check("", 1.0, Mean(1.06, 0.001)).holds
    assert not Check("", 1.0, Mean(0.7, 0.1)).holds
    (share, *_) = checks(Queue(rate=7, seconds=1, servers=8), seeds=6, photos=5000)
    other = Queue(rate=7, seconds=1, servers=10).waits
    assert not replace(share, theory=other).holds
