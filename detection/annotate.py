"""The annotated photo: boxes and labels drawn on it. Pure: pixels in, a JPEG out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.colours import colour, ink
from detection.labels import Rectangle, place
from detection.prediction import Box, Detection

# What Telegram takes as a photo, https://core.telegram.org/bots/api#sendphoto
MOST_BYTES = 10_000_000
LONGEST_SIDES = 10_000  # width + height
LONGEST_RATIO = 20

SMALLEST_SIDE = 480  # of the longer one: a smaller photo is enlarged, or its labels would cover it
LONGEST_LABEL = 30  # characters of a class's name
QUALITIES = (90, 80, 65, 50, 30)
FONT, WEIGHT = "sans", 600  # comes with OpenCV: Latin, Greek, Cyrillic and Chinese


def annotate(photo: NDArray[np.uint8], detections: Sequence[Detection]) -> bytes:
    """The photo (height × width × 3, RGB) as a JPEG with a box and a label for each detection, of a size that Telegram takes.

    Lines and letters grow with the photo; labels lie in it, off each other, as long as there is room.
    """
    canvas = _sized(photo)
    height, width = canvas.shape[:2]
    unit = math.sqrt(width * height) / 1000
    line = max(2, round(3 * unit))
    corners = [_corners(detection.box, width, height) for detection in detections]
    for detection, (x1, y1, x2, y2) in reversed(list(zip(detections, corners, strict=True))):  # the most certain on top
        cv2.rectangle(canvas, (x1, y1), (x2, y2), (0, 0, 0), line + 2 * max(1, line // 3), cv2.LINE_AA)
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colour(detection.label), line, cv2.LINE_AA)
    _draw_labels(canvas, detections, corners, line=line, size=_letters(unit, len(detections)))
    return _jpeg(_within_ratio(canvas))


def label_text(detection: Detection) -> str:
    """What is written at a box: "person 88 %"."""
    name = detection.label if len(detection.label) <= LONGEST_LABEL else detection.label[: LONGEST_LABEL - 1] + "…"
    return f"{name} {detection.confidence * 100:.0f} %"


def _sized(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy to draw on, neither too large for Telegram nor too small for labels."""
    height, width = photo.shape[:2]
    longer = max(width, height)
    shorter = max(min(width, height), longer / LONGEST_RATIO)  # with the white that will be beside it
    scale = min(max(1.0, SMALLEST_SIDE / longer), (LONGEST_SIDES - 2) / (longer + shorter))  # 2: what rounding may add
    if scale == 1:
        return photo.copy()
    size = max(1, math.floor(width * scale)), max(1, math.floor(height * scale))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA), dtype=np.uint8)


def _letters(unit: float, count: int) -> int:
    """The letters' size in pixels: of a crowd smaller, since its labels would hide it."""
    return max(15, round((30 if count <= 12 else 22 if count <= 40 else 17) * unit))


def _corners(box: Box, width: int, height: int) -> Rectangle:
    return (
        round(box.x1 * (width - 1)),
        round(box.y1 * (height - 1)),
        round(box.x2 * (width - 1)),
        round(box.y2 * (height - 1)),
    )


def _draw_labels(canvas: NDArray[np.uint8], detections: Sequence[Detection], boxes: Sequence[Rectangle], *, line: int, size: int) -> None:
    height, width = canvas.shape[:2]
    font = cv2.FontFace(FONT)
    texts = [label_text(detection) for detection in detections]
    size = _fitting(font, texts, size, width=width, height=height)
    padding, gap = max(2, size // 5), max(1, line // 2)
    sizes = [_text_size(font, text, size, padding) for text in texts]
    places = place(boxes, [(w + gap, h + gap) for w, h in sizes], width=width + gap, height=height + gap, line=line)
    for detection, text, spot, (w, h) in zip(detections, texts, places, sizes, strict=True):
        if spot is None:
            continue
        x, bottom = spot[0], min(spot[3], height)
        background = colour(detection.label)
        cv2.rectangle(canvas, (x, bottom - h), (x + w - 1, bottom - 1), background, cv2.FILLED)
        cv2.putText(canvas, text, (x + padding, bottom - padding - _descent(size)), ink(background), font, size, WEIGHT)


def _fitting(font: cv2.FontFace, texts: Sequence[str], size: int, *, width: int, height: int) -> int:
    """The letters' size at which the longest label is no wider, and no label higher, than the photo."""
    while size > 6 and any(w > width or h > height for w, h in (_text_size(font, text, size, max(2, size // 5)) for text in texts)):
        size = math.floor(size * 0.9)
    return size


def _text_size(font: cv2.FontFace, text: str, size: int, padding: int) -> tuple[int, int]:
    _, _, width, _ = cv2.getTextSize((1, 1), text, (0, 0), font, size, WEIGHT)
    return width + 2 * padding, size + 2 * padding


def _descent(size: int) -> int:
    """How far letters such as g reach below the line they stand on."""
    return round(size * 0.22)


def _within_ratio(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """White beside a photo that is longer and thinner than Telegram takes."""
    height, width = canvas.shape[:2]
    more_height, more_width = max(0, -(-width // LONGEST_RATIO) - height), max(0, -(-height // LONGEST_RATIO) - width)
    if not more_height and not more_width:
        return canvas
    top, left = more_height // 2, more_width // 2
    framed = cv2.copyMakeBorder(canvas, top, more_height - top, left, more_width - left, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return np.asarray(framed, dtype=np.uint8)


def _jpeg(canvas: NDArray[np.uint8]) -> bytes:
    """The best quality that fits; of what doesn't fit in any, half the size."""
    bgr = cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR)
    for quality in QUALITIES:
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(data) <= MOST_BYTES:
            return data.tobytes()
    height, width = canvas.shape[:2]
    return _jpeg(np.asarray(cv2.resize(canvas, (width // 2, height // 2), interpolation=cv2.INTER_AREA), dtype=np.uint8))
