"""The annotated photo: what is drawn is in it, readable, and Telegram takes it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from detection import labels
from detection.annotate import LONGEST_RATIO, LONGEST_SIDES, MOST_BYTES, annotate, label_text
from detection.colours import POSITIONS, colour, contrast, ink
from detection.prediction import Box, Detection

GREY = 128


def plain(width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), GREY, np.uint8)


def opened(jpeg: bytes) -> NDArray[np.uint8]:
    picture = Image.open(io.BytesIO(jpeg))
    assert picture.format == "JPEG"
    return np.asarray(picture)


def crowd(count: int, label: str = "person") -> list[Detection]:
    random = np.random.default_rng(count)
    corners = random.uniform(0, 0.8, (count, 2))
    return [Detection(label, 0.9 - index / 1000, Box(x, y, x + 0.15, y + 0.2)) for index, (x, y) in enumerate(corners.tolist())]


def near(photo: NDArray[np.uint8], wanted: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Where the photo has this colour, as far as a JPEG keeps it."""
    return np.asarray(np.abs(photo.astype(int) - wanted).max(axis=2) < 40)


def test_a_box_is_drawn_where_it_is() -> None:
    drawn = opened(annotate(plain(1000, 800), [Detection("dog", 0.9, Box(0.2, 0.25, 0.6, 0.75))]))
    assert drawn.shape == (800, 1000, 3)
    line = near(drawn, colour("dog"))
    assert line[200:600, 200].mean() > 0.95
    assert line[200:600, 599].mean() > 0.95
    assert line[200, 200:600].mean() > 0.95
    assert line[599, 200:600].mean() > 0.95
    assert not line[300:500, 300:500].any()
    assert not line[700:, :].any()


def test_the_photo_that_was_given_is_left_alone() -> None:
    photo = plain(500, 500)
    annotate(photo, crowd(3))
    assert (photo == GREY).all()


def test_without_detections_it_is_the_photo() -> None:
    assert np.abs(opened(annotate(plain(700, 500), [])).astype(int) - GREY).max() <= 1


def test_a_label_says_the_class_and_how_certain() -> None:
    assert label_text(Detection("person", 0.876, Box(0, 0, 1, 1))) == "person 88 %"
    assert label_text(Detection("x" * 500, 1.0, Box(0, 0, 1, 1))) == "x" * 29 + "… 100 %"


@pytest.mark.parametrize(("width", "height"), [(64, 64), (100, 56), (320, 240), (1280, 960), (4000, 3000), (960, 1280), (480, 3000)])
def test_letters_grow_with_the_photo(width: int, height: int) -> None:
    """The label is between 2 % and 8 % of the photo as it is sent: readable, and not all of it."""
    drawn = opened(annotate(plain(width, height), [Detection("dog", 0.9, Box(0.1, 0.5, 0.9, 0.9))]))
    middle = np.sqrt(drawn.shape[0] * drawn.shape[1])
    left = round(drawn.shape[1] * 0.1)
    above = near(drawn, colour("dog"))[: round(drawn.shape[0] * 0.5) - 4, left : left + 12]
    assert 0.02 * middle < above.any(axis=1).sum() < 0.08 * middle


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (1, 500), (64, 64), (1280, 960), (8000, 6000), (12000, 100), (100, 12000), (65535, 1), (1, 65535)]
)
def test_telegram_takes_it(width: int, height: int) -> None:
    jpeg = annotate(plain(width, height), crowd(3))
    drawn_height, drawn_width = opened(jpeg).shape[:2]
    assert len(jpeg) <= MOST_BYTES
    assert drawn_width + drawn_height <= LONGEST_SIDES
    assert max(drawn_width, drawn_height) <= LONGEST_RATIO * min(drawn_width, drawn_height)


def test_a_photo_that_does_not_compress_is_made_to_fit() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4600, 5300, 3), dtype=np.uint8)
    assert len(annotate(noise, [])) <= MOST_BYTES


@pytest.mark.parametrize(
    "detections", [crowd(30), crowd(300), [Detection("", 0.5, Box(0, 0, 0, 0))], [Detection("猫", 1, Box(0, 0, 1, 1))]]
)
def test_any_number_of_any_detections(detections: Sequence[Detection]) -> None:
    assert opened(annotate(plain(640, 480), detections)).shape == (480, 640, 3)


def test_every_class_has_a_colour_of_its_own() -> None:
    assert len(POSITIONS) == 80
    assert len({colour(name) for name in POSITIONS}) == 80


def test_classes_that_are_seen_together_look_different() -> None:
    for one, other in combinations(["person", "bicycle", "car", "motorcycle", "bus", "truck"], 2):
        assert np.abs(np.subtract(colour(one), colour(other))).sum() > 100, (one, other)


def test_colours_never_change() -> None:
    assert (colour("person"), colour("cat"), colour("a class of one's own")) == (
        (255, 64, 38),
        (94, 255, 38),
        colour("a class of one's own"),
    )


@given(label=st.text(max_size=40))
def test_letters_on_every_colour_are_readable(label: str) -> None:
    background = colour(label)
    assert contrast(ink(background), background) >= 4.5


def test_letters_on_coco_colours_are_readable() -> None:
    for name in POSITIONS:
        assert contrast(ink(colour(name)), colour(name)) >= 4.5, name


rectangles = st.tuples(st.integers(0, 600), st.integers(0, 400), st.integers(0, 600), st.integers(0, 400)).map(
    lambda r: (min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]), max(r[1], r[3]))
)


@settings(max_examples=200, deadline=None)
@given(boxes=st.lists(rectangles, min_size=1, max_size=40), size=st.tuples(st.integers(1, 200), st.integers(1, 40)))
def test_labels_are_in_the_photo_and_off_each_other(boxes: list[labels.Rectangle], size: labels.Size) -> None:
    placed = labels.place(boxes, [size] * len(boxes), width=601, height=401, line=3)
    assert len(placed) == len(boxes)
    assert placed[0] is not None
    shown = [place for place in placed if place is not None]
    for x1, y1, x2, y2 in shown:
        assert (x2 - x1, y2 - y1) == size
        assert x1 >= 0
        assert y1 >= 0
        assert x2 <= 601
        assert y2 <= 401
    for one, other in combinations(shown, 2):
        assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]


def test_a_lone_label_stands_on_its_box() -> None:
    assert labels.place([(100, 100, 300, 300)], [(80, 20)], width=600, height=400, line=4) == [(98, 78, 178, 98)]


def test_a_label_that_has_no_room_above_goes_inside() -> None:
    assert labels.place([(100, 5, 300, 300)], [(80, 20)], width=600, height=400, line=4) == [(98, 7, 178, 27)]


def test_a_crowds_labels_leave_the_photo_to_be_seen() -> None:
    boxes = [(x, y, x + 30, y + 30) for x in range(0, 600, 30) for y in range(0, 400, 30)]
    shown = [place for place in labels.place(boxes, [(60, 20)] * len(boxes), width=600, height=400, line=2) if place]
    assert 20 < len(shown) <= 0.3 * 600 * 400 / (60 * 20)
