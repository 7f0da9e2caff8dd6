"""From a photo to a model's input, and boxes back again."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

GREY = (114, 114, 114)  # what YOLOv5 was trained to see around a photo


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a photo lies in a model's input: resized to `inner`, with `left` and `top` pixels of grey before it.

    Sizes are (width, height) in pixels.
    """

    photo: tuple[int, int]
    inner: tuple[int, int]
    outer: tuple[int, int]
    left: int
    top: int

    def blob(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The photo as the model's input: 1 × 3 × height × width, RGB in 0-1."""
        resized = cv2.resize(photo, self.inner, interpolation=cv2.INTER_LINEAR) if self.inner != self.photo else photo
        right = self.outer[0] - self.inner[0] - self.left
        bottom = self.outer[1] - self.inner[1] - self.top
        framed = cv2.copyMakeBorder(resized, self.top, bottom, self.left, right, cv2.BORDER_CONSTANT, value=GREY)
        return np.asarray(cv2.dnn.blobFromImage(framed, scalefactor=1 / 255), dtype=np.float32)

    def unit_boxes(self, boxes: NDArray[np.float32]) -> NDArray[np.float64]:
        """Boxes of the input (n × x1, y1, x2, y2 in its pixels) in 0-1 of the photo, clipped to it."""
        offset = np.array([self.left, self.top, self.left, self.top], dtype=np.float64)
        scale = np.array([*self.inner, *self.inner], dtype=np.float64)
        return np.clip((boxes - offset) / scale, 0.0, 1.0)


def fit(width: int, height: int, *, size: int, stride: int) -> Letterbox:
    """The smallest input that holds the photo with its longer side `size`: both sides multiples of `stride`.

    A photo that is smaller is enlarged. Of one that is very long and thin at least a pixel of each side remains.
    """
    scale = size / max(width, height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    outer = _multiple(inner[0], stride), _multiple(inner[1], stride)
    left, top = (outer[0] - inner[0]) // 2, (outer[1] - inner[1]) // 2
    return Letterbox(photo=(width, height), inner=inner, outer=outer, left=left, top=top)


def _multiple(length: int, stride: int) -> int:
    return -(-length // stride) * stride
