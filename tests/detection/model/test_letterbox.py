"""How a photo lies in a model's input is YOLOv5's way, and boxes find their way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detection.model import letterbox, yolov5_import

sides = st.integers(1, 3000)


@settings(max_examples=60, deadline=None)
@given(width=sides, height=sides)
@example(width=1280, height=960)
@example(width=810, height=1080)
@example(width=64, height=64)
@example(width=3000, height=100)
def test_it_is_yolov5s_own(width: int, height: int) -> None:
    photo = np.random.default_rng(width * 3001 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    frame = letterbox.fit(width, height, size=640, stride=32)
    if min(width, height) * 640 / max(width, height) < 1:
        return  # YOLOv5 fails
    theirs, _, _ = yolov5_import.common().letterbox(photo, 640, stride=32, auto=True)
    assert theirs.shape[:2] == (frame.outer[1], frame.outer[0])
    blob = frame.blob(photo)
    assert blob.shape == (1, 3, frame.outer[1], frame.outer[0])
    assert blob.dtype == np.float32
    assert np.abs(blob[0].transpose(1, 2, 0) * 255 - theirs).max() < 1e-3


@given(width=st.integers(1, 70_000), height=st.integers(1, 70_000), stride=st.sampled_from([8, 32, 64]))
@example(width=65_535, height=1, stride=32)
def test_sides_are_multiples_of_the_stride_and_no_longer_than_needed(width: int, height: int, stride: int) -> None:
    frame = letterbox.fit(width, height, size=640, stride=stride)
    assert max(frame.outer) == 640
    for outer, inner in zip(frame.outer, frame.inner, strict=True):
        assert outer % stride == 0
        assert 0 <= outer - inner < stride
        assert inner >= 1


@given(width=sides, height=sides, corners=st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_boxes_find_their_way_back(width: int, height: int, corners: list[float]) -> None:
    frame = letterbox.fit(width, height, size=640, stride=32)
    inner = np.array([*frame.inner, *frame.inner])
    there = np.array([corners]) * inner + [frame.left, frame.top, frame.left, frame.top]
    assert frame.unit_boxes(there.astype(np.float32)) == pytest.approx(np.array([corners]), abs=2e-4)


def test_boxes_are_clipped_to_the_photo() -> None:
    frame = letterbox.fit(640, 320, size=640, stride=64)
    boxes: NDArray[np.float32] = np.array([[-50, -50, 9999, 9999]], np.float32)
    assert frame.unit_boxes(boxes).tolist() == [[0, 0, 1, 1]]
