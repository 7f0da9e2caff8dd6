"""Pictures for made-up predictions: a plain ground, and a shape where each detection is, so that boxes fit what is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from detection import photos
from detection.annotate import annotate
from detection.colours import colour
from detection.fill.month import size_of
from detection.prediction import Detection, Failure, Prediction

_GROUNDS = ((214, 224, 232), (232, 224, 208), (210, 226, 210), (226, 214, 226), (200, 204, 210))
_AT_ONCE = 4
_NO_PHOTO = b"made up, and no photo\n"


def put(some: Sequence[Prediction], *, tell: Callable[[str], object]) -> None:
    """The photo and, where there is one, the annotated photo of each of these. Raises Unavailable."""
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for _ in threads.map(_put, some):
            pass
    tell(f"drew the photos of {len(some)} predictions")


def _put(one: Prediction) -> None:
    picture = _drawn(one.photo_key, one.detections)
    photos.put(one.photo_key, _as_sent(one, picture), content_type="application/octet-stream")
    if one.annotated_key:
        photos.put(one.annotated_key, annotate(picture, one.detections), content_type="image/jpeg")


def _as_sent(one: Prediction, picture: NDArray[np.uint8]) -> bytes:
    """A photo, or bytes that fail as they did."""
    if one.failure is Failure.EMPTY:
        return b""
    if one.failure in {Failure.NOT_A_PHOTO, Failure.FORMAT}:
        return _NO_PHOTO
    data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
    return data[: len(data) // 2] if one.failure is Failure.DAMAGED else data


def _drawn(key: str, detections: Sequence[Detection]) -> NDArray[np.uint8]:
    """Height × width × 3, RGB; which ground follows from the key."""
    ground = _GROUNDS[crc32(key.encode()) % len(_GROUNDS)]
    width, height = size_of(key)
    canvas = np.full((height, width, 3), ground, dtype=np.uint8)
    cv2.rectangle(canvas, (0, height * 2 // 3), (width, height), [part * 0.85 for part in ground], cv2.FILLED)
    for one in reversed(detections):  # the most certain on top
        corner = np.array([one.box.x1 * width, one.box.y1 * height])
        size = np.array([one.box.x2 * width, one.box.y2 * height]) - corner
        middle, axes = (corner + size / 2).astype(int).tolist(), np.maximum(size / 2, 1).astype(int).tolist()
        cv2.ellipse(canvas, middle, axes, 0, 0, 360, [part * 0.8 for part in colour(one.label)], cv2.FILLED, cv2.LINE_AA)
    return canvas
