"""What comes in: as many as the rates say, the same for the same seed, with times that were recorded."""

from __future__ import annotations

import random
from itertools import pairwise
from statistics import fmean

import pytest

from deploy.simulate.load import SCENARIOS, Photo, Scenario, Work, burst, flood, measured, record, steady, wave

WORK = Work((0.1, 0.2), slower=3, waiting=0.5)


def between(photos: list[Photo], begin: float, end: float) -> int:
    return sum(begin <= photo.at < end for photo in photos)


def test_a_steady_load_has_its_rate() -> None:
    photos = steady(20, 1000).photos(1, WORK)
    assert between(photos, 0, 500) == pytest.approx(10_000, rel=0.05)
    assert between(photos, 500, 1000) == pytest.approx(10_000, rel=0.05)
    gaps = [after.at - before.at for before, after in pairwise(photos)]
    assert sum(gap > 1 / 20 for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.02)  # of a Poisson process: 1 / e


def test_a_burst_has_both_of_its_rates() -> None:
    photos = burst(2, 40, begins=(100, 300), lasts=50, seconds=400).photos(1, WORK)
    assert [between(photos, at, at + 50) for at in (100, 300)] == [pytest.approx(2000, rel=0.1)] * 2
    assert between(photos, 150, 300) == pytest.approx(300, rel=0.25)


def test_a_wave_comes_and_goes() -> None:
    photos = wave(0, 20, every=1000).photos(1, WORK)
    assert len(photos) == pytest.approx(10_000, rel=0.05)
    assert between(photos, 0, 100) < 400
    assert between(photos, 450, 550) > 1500


def test_a_flood_is_one_chats_beside_the_others() -> None:
    photos = flood(5, begins=10, photos=300, rate=30, seconds=100).photos(1, WORK)
    its = [photo.at for photo in photos if photo.floods]
    assert (len(its), its[0]) == (300, 10)
    assert its[-1] == pytest.approx(10 + 299 / 30)
    assert len(photos) - 300 == pytest.approx(500, rel=0.2)
    assert [photo.at for photo in photos] == sorted(photo.at for photo in photos)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_no_rate_is_above_the_peak(scenario: Scenario) -> None:
    """Thinning would lose what is."""
    rates = [scenario.rate(at * scenario.seconds / 1000) for at in range(1000)]
    assert 0 < min(rates) <= max(rates) <= scenario.peak


def test_the_same_seed_is_the_same_load() -> None:
    load = steady(5, 100)
    assert load.photos(1, WORK) == load.photos(1, WORK)
    assert load.photos(1, WORK) != load.photos(2, WORK)


def test_work_is_what_was_recorded_and_a_time_of_waiting() -> None:
    chance = random.Random(1)
    drawn = [WORK.drawn(chance) for _ in range(20_000)]
    assert {round(computing, 6) for computing, _ in drawn} == {0.3, 0.6}
    assert WORK.computing == pytest.approx(0.45)
    assert fmean(waiting for _, waiting in drawn) == pytest.approx(0.5, rel=0.02)
    assert fmean(sum(both) for both in drawn) == pytest.approx(WORK.seconds, rel=0.02)
    assert Work((0.1,), slower=1, waiting=0).drawn(chance) == (0.1, 0.0)


def test_the_record_says_how_it_was_made() -> None:
    found = record()
    assert {"what", "model", "input_size", "backend", "machine", "recorded", "seconds"} <= set(found)
    assert len(found["seconds"]) >= 200
    assert all(0.001 < seconds < 10 for seconds in found["seconds"])
    assert measured().recorded == tuple(found["seconds"])
