"""Suppression is YOLOv5's, box for box."""

from __future__ import annotations

import importlib
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detection.model import bundle, letterbox, nms, yolov5_import
from tests.bundles import write_cat_bundle


def plain_nms(boxes: torch.Tensor, scores: torch.Tensor, iou: float) -> torch.Tensor:
    """What torchvision.ops.nms promises, which YOLOv5 calls: the naive way."""
    kept: list[int] = []
    for index in torch.argsort(scores, descending=True, stable=True).tolist():
        if all(box_iou(boxes[index], boxes[other]) <= iou for other in kept):
            kept.append(index)
    return torch.tensor(kept, dtype=torch.long)


def box_iou(one: torch.Tensor, other: torch.Tensor) -> float:
    sides = (torch.minimum(one[2:], other[2:]) - torch.maximum(one[:2], other[:2])).clamp(min=0)
    shared = sides.prod()
    union = (one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - shared
    return float(shared / union) if union > 0 else 0.0


def raw(seed: int, count: int, classes: int) -> NDArray[np.float32]:
    """Boxes in heaps, as a model gives them."""
    random = np.random.default_rng(seed)
    centres = random.uniform(50, 590, (max(1, count // 8), 2))
    boxes = centres[random.integers(0, len(centres), count)] + random.normal(0, 12, (count, 2))
    sizes = random.uniform(20, 120, (count, 2))
    return np.hstack([boxes, sizes, random.uniform(0, 1, (count, 1 + classes))]).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 120), classes=st.integers(1, 5), iou=st.sampled_from([0.3, 0.45, 0.7]))
def test_it_keeps_what_yolov5_keeps(seed: int, count: int, classes: int, iou: float) -> None:
    output = raw(seed, count, classes)
    yolov5_import.yolo()
    general = importlib.import_module("yolov5.utils.general")
    general.torchvision.ops.nms = plain_nms  # the stand-in for torchvision has none
    theirs = general.non_max_suppression(torch.from_numpy(output[None]), 0.25, iou)[0].numpy()
    boxes, scores, found = nms.suppress(output, confidence=0.25, iou=iou)
    assert scores == pytest.approx(theirs[:, 4], abs=1e-6)
    assert found.tolist() == theirs[:, 5].astype(int).tolist()
    assert boxes == pytest.approx(theirs[:, :4], abs=1e-3)


def test_nothing_in_nothing_out() -> None:
    assert [len(part) for part in nms.suppress(np.zeros((0, 8), np.float32), confidence=0.25, iou=0.45)] == [0, 0, 0]
    assert [len(part) for part in nms.suppress(np.zeros((100, 8), np.float32), confidence=0.25, iou=0.45)] == [0, 0, 0]


def test_a_hostile_photo_is_bounded_in_number_and_time() -> None:
    random = np.random.default_rng(0)
    everywhere = np.hstack([random.uniform(0, 640, (25_200, 2)), np.full((25_200, 2), 2.0), np.full((25_200, 81), 0.99)])
    begun = time.process_time()
    boxes, _, _ = nms.suppress(everywhere.astype(np.float32), confidence=0.25, iou=0.45)
    assert len(boxes) == nms.MOST_DETECTIONS
    assert time.process_time() - begun < 2


def test_detections_are_named_sorted_and_in_the_photo(tmp_path: Path) -> None:
    pair = replace(bundle.load(write_cat_bundle(tmp_path / "bundle")), names=("cat", "dog"))
    output = np.array(
        [
            [320, 80, 320, 160, 0.9, 0.1, 0.6],  # the middle of the photo's upper half, a dog
            [320, 160, 900, 900, 0.9, 0.9, 0.1],  # larger than the photo, a cat
            [320, -60, 20, 20, 0.9, 0.9, 0.1],  # outside of it
        ],
        np.float32,
    )
    found = nms.detections(output, letterbox=letterbox.fit(1280, 640, size=640, stride=32), bundle=pair)
    assert [(d.label, d.confidence) for d in found] == [("cat", 0.81), ("dog", 0.54)]
    assert (found[0].box.x1, found[0].box.y1, found[0].box.x2, found[0].box.y2) == (0, 0, 1, 1)
    assert (found[1].box.x1, found[1].box.y1, found[1].box.x2, found[1].box.y2) == (0.25, 0, 0.75, 0.5)
