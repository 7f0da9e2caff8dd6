"""Figures by hand, and intervals against a table of Student's t."""

from __future__ import annotations

import pytest

from deploy.simulate.figures import direction_changes, figures, mean, student, summary
from deploy.simulate.group import History, Instance, hours
from deploy.simulate.load import Photo
from deploy.simulate.prices import C7I_LARGE, dollars


def test_each_figure() -> None:
    answered = [(Photo(0, 0, 0, floods=n > 90), float(n)) for n in range(1, 101)]
    history = History(answered, sizes=[(0, 2), (60, 5), (120, 4)], instance_hours=10, processor_hours=6, losses=1)
    assert figures(history) == {
        "photos": 100,
        "p50_s": 50,
        "p95_s": 95,
        "p99_s": 99,
        "others_p95_s": 86,
        "instance_hours": 10,
        "dollars": pytest.approx(10 * 0.0466 + 2 * 0.05),  # 4 of the 6 are in the price
        "direction_changes": 1,
        "most_instances": 5,
        "losses": 1,
    }


def test_a_c7i_has_no_credits() -> None:
    assert dollars(10, 20, C7I_LARGE) == pytest.approx(10 * 0.09425)


def test_hours_are_paid_for_from_launch_and_at_least_a_minute() -> None:
    there, gone, brief = Instance(launched=-120, free=1), Instance(launched=0, free=1, gone=1800), Instance(launched=3590, free=1)
    assert hours([there, gone, brief], end=3600) * 3600 == 3720 + 1800 + 60


@pytest.mark.parametrize(("sizes", "changes"), [([3], 0), ([1, 2, 5], 0), ([1, 4, 3, 2], 1), ([2, 3, 3, 2, 4], 2)])
def test_direction_changes(sizes: list[int], changes: int) -> None:
    assert direction_changes(sizes) == changes


@pytest.mark.parametrize(("freedom", "quantile"), [(5, 2.5706), (10, 2.2281), (19, 2.0930), (30, 2.0423)])
def test_students_t(freedom: int, quantile: float) -> None:
    assert student(freedom) == pytest.approx(quantile, abs=0.01)


def test_an_interval_by_hand() -> None:
    found = mean([1, 2, 3, 4, 5, 6])
    assert found.mean == 3.5
    assert found.margin == pytest.approx(2.5706 * (3.5 / 6) ** 0.5, rel=0.003)
    assert mean([7.0] * 6).margin == 0
    with pytest.raises(ValueError, match="5 values have no interval: take at least 6 seeds"):
        mean([1, 2, 3, 4, 5])


def test_a_summary_keeps_studies_and_cases_apart() -> None:
    rows = [{"study": study, "case": "a", "seed": seed, "p95_s": seed + add} for study, add in (("x", 0), ("y", 10)) for seed in range(6)]
    found = summary(rows)
    assert {case: its["p95_s"].mean for case, its in found.items()} == {("x", "a"): 2.5, ("y", "a"): 12.5}
