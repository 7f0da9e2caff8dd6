"""Real photos through real weights: what is found, and that ONNX Runtime finds what torch finds."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detection.decode import decode
from detection.model import bundle, letterbox, parity
from detection.model.detector import load_detector
from detection.model.onnx_detector import OnnxDetector
from detection.model.torch_detector import TorchDetector
from detection.prediction import Detection
from tests import photos
from tests.samples import PHOTOS, YOLOV5


@pytest.fixture(scope="module")
def serving(coco_bundle: Path) -> OnnxDetector:
    return OnnxDetector(bundle.load(coco_bundle))


@pytest.fixture(scope="module")
def reference(coco_bundle: Path) -> TorchDetector:
    return TorchDetector(bundle.load(coco_bundle), threads=1)


def opened(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return decode(path.read_bytes(), max_pixels=50_000_000)


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_it_finds_what_is_in_the_photo(serving: OnnxDetector, path: Path) -> None:
    found = serving.detect(opened(path))
    assert Counter(detection.label for detection in found) == PHOTOS[path]
    assert list(found) == sorted(found, key=lambda detection: -detection.confidence)
    for detection in found:
        assert 0.25 < detection.confidence <= 1
        assert 0 <= detection.box.x1 < detection.box.x2 <= 1
        assert 0 <= detection.box.y1 < detection.box.y2 <= 1


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_onnx_runtime_agrees_with_torch(serving: OnnxDetector, reference: TorchDetector, path: Path) -> None:
    """The same detections, their boxes within 0.01 pixels of the photo; and so for all that is suppressed later."""
    photo = opened(path)
    height, width = photo.shape[:2]
    blob = letterbox.fit(width, height, size=640, stride=32).blob(photo)
    assert parity.difference(serving.raw, reference.raw, [blob]).is_small
    ours, theirs = serving.detect(photo), reference.detect(photo)
    assert [detection.label for detection in ours] == [detection.label for detection in theirs]
    assert np.abs(corners(ours, width, height) - corners(theirs, width, height)).max(initial=0) < 0.01
    for one, other in zip(ours, theirs, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=2e-4)


def corners(detections: tuple[Detection, ...], width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Boxes in pixels of the photo."""
    boxes = [(d.box.x1 * width, d.box.y1 * height, d.box.x2 * width, d.box.y2 * height) for d in detections]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def test_a_photo_that_the_camera_held_sideways_gives_the_same_boxes(serving: OnnxDetector) -> None:
    file = io.BytesIO()
    Image.open(YOLOV5 / "bus.jpg").save(file, "JPEG", quality=95)
    upright = serving.detect(decode(photos.rotated(file.getvalue(), orientation=1), max_pixels=50_000_000))
    for orientation in (3, 6, 8):
        turned = serving.detect(decode(photos.rotated(file.getvalue(), orientation=orientation), max_pixels=50_000_000))
        assert [d.label for d in turned] == [d.label for d in upright]
        assert np.abs(corners(turned, 810, 1080) - corners(upright, 810, 1080)).max() < 6


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 65535, 3), (3000, 2, 3), (64, 64, 3), (3000, 4000, 3)])
def test_a_photo_of_any_size_is_looked_at(serving: OnnxDetector, shape: tuple[int, int, int]) -> None:
    assert isinstance(serving.detect(np.full(shape, 90, np.uint8)), tuple)


def test_threads_change_nothing_but_the_time(coco_bundle: Path, serving: OnnxDetector) -> None:
    photo = opened(YOLOV5 / "bus.jpg")
    two = load_detector(coco_bundle, threads=2).detect(photo)
    assert [(d.label, round(d.confidence, 3)) for d in two] == [(d.label, round(d.confidence, 3)) for d in serving.detect(photo)]


def test_what_the_detections_were_made_with_is_the_bundles_version(coco_bundle: Path, serving: OnnxDetector) -> None:
    assert serving.model == bundle.load(coco_bundle).version
