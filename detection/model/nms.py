"""From a model's raw output to detections: non-maximum suppression, class by class, as YOLOv5 does it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detection.model.bundle import Bundle
from detection.model.letterbox import Letterbox
from detection.prediction import Box, Detection

MOST_DETECTIONS = 300
MOST_CANDIDATES = 30_000  # of the most certain; so a hostile photo can't make this slow


def detections(output: NDArray[np.float32], *, letterbox: Letterbox, bundle: Bundle) -> tuple[Detection, ...]:
    """What a model's output (n × x, y, width, height, objectness, a score for each class; in pixels of its input) says is
    in the photo, the most certain first."""
    boxes, scores, classes = suppress(output, confidence=bundle.confidence, iou=bundle.iou)
    return tuple(
        Detection(bundle.names[index], round(float(score), 4), Box(*box))
        for box, score, index in zip(np.round(letterbox.unit_boxes(boxes), 6).tolist(), scores, classes, strict=True)
        if box[0] < box[2] and box[1] < box[3]  # what lies wholly in the grey around the photo has no box in it
    )


def suppress(
    output: NDArray[np.float32], *, confidence: float, iou: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
    """The boxes (n × x1, y1, x2, y2), scores and classes that remain, the most certain first."""
    likely = output[output[:, 4] > confidence]
    by_class = likely[:, 5:] * likely[:, 4:5]
    classes, scores = by_class.argmax(axis=1), by_class.max(axis=1, initial=0)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > confidence][:MOST_CANDIDATES]
    boxes, scores, classes = _corners(likely[order, :4]), scores[order], classes[order]
    kept = _greedy(boxes, classes, iou=iou)
    return boxes[kept], scores[kept], classes[kept]


def _corners(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    half = centred[:, 2:] / 2
    return np.concatenate([centred[:, :2] - half, centred[:, :2] + half], axis=1)


def _greedy(boxes: NDArray[np.float32], classes: NDArray[np.intp], *, iou: float) -> list[int]:
    """Indices of the boxes to keep, of boxes that are sorted by certainty."""
    kept: list[int] = []
    left = np.arange(len(boxes))
    while len(left) and len(kept) < MOST_DETECTIONS:
        first, left = int(left[0]), left[1:]
        kept.append(first)
        same = classes[left] == classes[first]
        left = left[~(same & (overlap(boxes[first], boxes[left]) > iou))]
    return kept


def overlap(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of a box with each of the others; 0 where both are empty."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - shared
    quotient: NDArray[np.float32] = np.zeros_like(shared)
    np.divide(shared, union, out=quotient, where=union > 0)
    return quotient
