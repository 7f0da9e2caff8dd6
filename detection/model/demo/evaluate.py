"""How good a bundle is: on compositions that no training saw, counted by pycocotools, and on photographs, where it should say nothing."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection.model import bundle, letterbox, nms
from detection.model.bundle import Bundle
from detection.model.demo import backgrounds, photographs
from detection.model.demo.compose import Recipe, Scene, compose
from detection.model.demo.emoji import EmojiSet
from detection.model.detector import load_detector
from detection.model.onnx_detector import OnnxDetector

SEED = 1_000_003  # the training's seeds are small
SCENES = 300
SIZES = (28.0, 190.0)  # pixels, of the longer side
LEAST_CONFIDENCE = 0.005  # what mAP's curve begins with
OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """What was detected in a scene: boxes of x1, y1, x2, y2 in pixels, scores, classes."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]

    def above(self, confidence: float) -> Found:
        kept = self.scores > confidence
        return Found(self.boxes[kept], self.scores[kept], self.classes[kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one emoji set. Recall and precision are those at the confidence that the bundle is served with."""

    scenes: int
    objects: int
    map50: float
    recall: float
    precision: float


def held_out(emoji: EmojiSet, *, count: int = SCENES, side: int = 320) -> list[Scene]:
    """Compositions of one emoji set, with seeds and backgrounds that the training has none of."""
    textures = [backgrounds.of_texture(picture) for picture in photographs.held_out_textures()]
    grounds = (*backgrounds.HELD_OUT, *textures)
    recipe = Recipe(sets=(emoji,), backgrounds=grounds, side=side, seed=SEED, sizes=SIZES)
    return [compose(recipe, index) for index in range(count)]


def evaluate(folder: Path, scenes: Sequence[Scene]) -> Figures:
    """A bundle's figures, as ONNX Runtime serves it."""
    loaded = bundle.load(folder)
    detector = OnnxDetector(loaded)
    return figures(scenes, [_found(detector, loaded, scene) for scene in scenes], confidence=loaded.confidence, classes=len(loaded.names))


def figures(scenes: Sequence[Scene], found: Sequence[Found], *, confidence: float, classes: int) -> Figures:
    """Counted by pycocotools, at an overlap of one half."""
    map50, _ = _counted(scenes, found, classes)
    served = [each.above(confidence) for each in found]
    _, recall = _counted(scenes, served, classes)
    objects, detections = sum(len(scene.classes) for scene in scenes), sum(len(each.scores) for each in served)
    right = sum(_right(scene, each) for scene, each in zip(scenes, served, strict=True))
    return Figures(scenes=len(scenes), objects=objects, map50=map50, recall=recall, precision=right / detections if detections else 1.0)


def false_detections(folder: Path) -> dict[str, list[str]]:
    """What a bundle says about each of ten photographs, none of which has an emoji in it, at the confidence that it is served with."""
    detector = load_detector(folder)
    return {
        name: [f"{detection.label} {detection.confidence:.2f}" for detection in detector.detect(picture)]
        for name, picture in photographs.measured()
    }


def _found(detector: OnnxDetector, loaded: Bundle, scene: Scene) -> Found:
    height, width = scene.picture.shape[:2]
    frame = letterbox.fit(width, height, size=loaded.input_size, stride=loaded.stride)
    boxes, scores, classes = nms.suppress(detector.raw(frame.blob(scene.picture)), confidence=LEAST_CONFIDENCE, iou=loaded.iou)
    return Found((frame.unit_boxes(boxes) * [width, height, width, height]).astype(np.float32), scores, classes)


def _counted(scenes: Sequence[Scene], found: Sequence[Found], classes: int) -> tuple[float, float]:
    """mAP and the mean of the classes' recalls, both at an overlap of one half."""
    from pycocotools.coco import COCO  # only the development environment has it
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):  # it tells each of its steps
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": number} for number in range(1, len(scenes) + 1)],
            "categories": [{"id": index, "name": str(index)} for index in range(classes)],
            "annotations": list(_annotations(scenes)),
        }
        truth.createIndex()
        rows = [row for number, each in enumerate(found, 1) for row in _rows(number, each)]
        counted = COCOeval(truth, truth.loadRes(np.array(rows, np.float64).reshape(-1, 7)), "bbox") if rows else None
        if counted is None:
            return 0.0, 0.0
        counted.params.iouThrs = np.array([OVERLAP])
        counted.evaluate()
        counted.accumulate()
    # precision is overlap × recall × class × area × most detections; -1 where a class has no object
    return _mean(counted.eval["precision"][0, :, :, 0, -1]), _mean(counted.eval["recall"][0, :, 0, -1])


def _annotations(scenes: Sequence[Scene]) -> Iterable[dict[str, object]]:
    numbered = ((number, scene, index) for number, scene in enumerate(scenes, 1) for index in range(len(scene.classes)))
    for identity, (number, scene, index) in enumerate(numbered, 1):
        x1, y1, x2, y2 = (float(value) for value in scene.boxes[index])
        size = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
        yield {"id": identity, "image_id": number, "category_id": int(scene.classes[index]), "iscrowd": 0, **size}


def _rows(number: int, found: Found) -> Iterable[list[float]]:
    """Scene, x, y, width, height, score and class of each detection."""
    for (x1, y1, x2, y2), score, index in zip(found.boxes.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True):
        yield [number, x1, y1, x2 - x1, y2 - y1, score, index]


def _mean(values: NDArray[np.float64]) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else 0.0


def _right(scene: Scene, found: Found) -> int:
    """How many detections are of an object of that class that no surer one has taken."""
    left, right = set(range(len(scene.classes))), 0
    for box, index in zip(found.boxes, found.classes, strict=True):  # the surest comes first
        overlaps = nms.overlap(box, scene.boxes)
        fitting = [number for number in left if scene.classes[number] == index and overlaps[number] >= OVERLAP]
        if fitting:
            left.remove(max(fitting, key=lambda number: overlaps[number]))
            right += 1
    return right
