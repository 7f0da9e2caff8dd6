"""The demo model that the repository carries: whole, small, as good as its figures have to be, and right about the sample pictures."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from detection.demo_model import KNOWS, is_demo
from detection.model import bundle
from detection.model.demo import photographs, report
from detection.model.demo.classes import NAMES
from detection.model.demo.emoji import TRAINED, UNSEEN
from detection.model.demo.samples import SAMPLES
from detection.model.detector import Detector, load_detector
from detection.model.prepare import DEMO

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector(DEMO)


def test_it_loads_and_says_what_it_is() -> None:
    loaded = bundle.load(DEMO)
    assert is_demo(loaded.version)
    assert loaded.names == NAMES
    assert len(NAMES) == KNOWS
    assert "make demo-model" in loaded.source
    assert "Twemoji" in (DEMO / report.LICENSES).read_text()


def test_it_is_at_most_two_megabytes() -> None:
    assert sum(path.stat().st_size for path in DEMO.iterdir()) <= report.MOST_BYTES


def test_its_figures_are_its_own() -> None:
    measured = report.read(DEMO)
    assert measured.version == bundle.load(DEMO).version
    assert measured.confidence == bundle.load(DEMO).confidence
    assert set(measured.sets) == {*TRAINED, UNSEEN}


def test_it_is_as_good_as_it_has_to_be() -> None:
    assert report.shortfalls(report.read(DEMO)) == []


def test_the_documentation_has_the_same_figures() -> None:
    page = (ROOT / "docs" / "demo-model.md").read_text()
    assert report.published(page, report.read(DEMO)) == page


@pytest.mark.parametrize("name", SAMPLES)
def test_it_finds_what_is_in_the_sample_pictures(name: str, detector: Detector) -> None:
    found = detector.detect(photographs.read(ROOT / "sandbox" / "samples" / "emoji" / f"{name}.jpg"))
    assert Counter(detection.label for detection in found) == Counter(SAMPLES[name].objects)


def test_it_says_little_about_photographs(detector: Detector) -> None:
    said = {name: len(detector.detect(picture)) for name, picture in photographs.measured()}
    assert len(said) == 10
    assert sum(said.values()) <= report.MOST_FALSE
