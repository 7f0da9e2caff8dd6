"""The figures, against cases small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detection.model.demo import report
from detection.model.demo.compose import Scene
from detection.model.demo.emoji import UNSEEN
from detection.model.demo.evaluate import Figures, Found, figures
from detection.model.demo.report import Measured

BLANK = np.zeros((100, 100, 3), np.uint8)
LEFT, RIGHT, BELOW = [0, 0, 40, 40], [50, 0, 90, 40], [0, 50, 40, 90]


def scene(*objects: tuple[list[int], int]) -> Scene:
    boxes = np.array([box for box, _ in objects], np.float32).reshape(-1, 4)
    return Scene(BLANK, boxes, np.array([index for _, index in objects], np.int64))


def found(*detections: tuple[list[int], float, int]) -> Found:
    boxes = np.array([box for box, _, _ in detections], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score, _ in detections], np.float32)
    return Found(boxes, scores, np.array([index for _, _, index in detections], np.intp))


def test_all_found_and_nothing_else_is_one() -> None:
    made = figures([scene((LEFT, 0), (RIGHT, 1))], [found((LEFT, 0.9, 0), (RIGHT, 0.8, 1))], confidence=0.5, classes=2)
    assert made == Figures(scenes=1, objects=2, map50=made.map50, recall=1, precision=1)
    assert made.map50 == pytest.approx(1)


def test_a_case_counted_by_hand() -> None:
    """Class 0: found, then something false, then the other one, below the served confidence. Class 1: missed.

    Its curve is precision 1 up to a recall of 1/2 (51 of COCO's 101 points) and 2/3 from there: 0.8350; class 1 has 0.
    """
    truth = [scene((LEFT, 0), (RIGHT, 0), (BELOW, 1))]
    detections = [found((LEFT, 0.9, 0), (BELOW, 0.8, 0), (RIGHT, 0.3, 0))]
    made = figures(truth, detections, confidence=0.5, classes=2)
    assert made.map50 == pytest.approx((51 * 1 + 50 * 2 / 3) / 101 / 2, abs=1e-4)
    assert made.recall == pytest.approx((1 / 2 + 0) / 2)
    assert made.precision == pytest.approx(1 / 2)


def test_a_box_must_overlap_by_half_and_counts_once() -> None:
    truth = [scene((LEFT, 0))]
    shifted = [found(([15, 0, 55, 40], 0.9, 0))]  # it shares 25 of 55 columns
    assert figures(truth, shifted, confidence=0.5, classes=1).recall == 0
    twice = figures(truth, [found((LEFT, 0.9, 0), (LEFT, 0.8, 0))], confidence=0.5, classes=1)
    assert (twice.recall, twice.precision) == (1, 0.5)


def test_nothing_found_at_all() -> None:
    assert figures([scene((LEFT, 0))], [found()], confidence=0.5, classes=1) == Figures(scenes=1, objects=1, map50=0, recall=0, precision=1)


GOOD = Figures(scenes=1, objects=1, map50=0.95, recall=0.9, precision=0.9)
MEASURED = Measured(
    version="demo-emoji-1", confidence=0.4, size=1_000_000, sets={"noto": GOOD, UNSEEN: replace(GOOD, map50=0.6)}, photographs={}
)


def test_what_is_good_enough_has_no_shortfall() -> None:
    assert report.shortfalls(MEASURED) == []


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        (replace(MEASURED, sets={"noto": replace(GOOD, map50=0.89)}), "noto: mAP@0.5 is 0.890, 0.90 is the least"),
        (replace(MEASURED, sets={"noto": replace(GOOD, recall=0.84)}), "noto: recall is 0.840, 0.85 is the least"),
        (replace(MEASURED, sets={UNSEEN: replace(GOOD, map50=0.49)}), "openmoji: mAP@0.5 is 0.490, 0.50 is the least"),
        (replace(MEASURED, photographs={"a": ["cup 0.5"], "b": ["cup 0.5", "cat 0.5"]}), "3 false detections"),
        (replace(MEASURED, size=2_000_001), "2000001 bytes"),
    ],
)
def test_what_is_not_is_told_by_its_figure(worse: Measured, said: str) -> None:
    (line,) = report.shortfalls(worse)
    assert said in line


def test_a_shortfall_is_published_with_the_figures() -> None:
    page = "before\n<!-- table: evaluation -->\nold\n<!-- end -->\nafter"
    good, bad = report.published(page, MEASURED), report.published(page, replace(MEASURED, size=2_000_001))
    assert "| noto | 1 in 1 | 0.950 | 0.900 | 0.900 |" in good
    assert "old" not in good
    assert "falls short" not in good
    assert "- it has 2000001 bytes" in bad
    assert report.published(bad, MEASURED) == good
