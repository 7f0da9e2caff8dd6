"""Whether two ways of running a model say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]

BOX_TOLERANCE = 0.01  # pixels of the model's input
SCORE_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest differences between two outputs: of boxes in pixels of the input, and of scores in 0-1. NaN where either is."""

    boxes: float
    scores: float

    @property
    def is_small(self) -> bool:
        return self.boxes <= BOX_TOLERANCE and self.scores <= SCORE_TOLERANCE

    def __str__(self) -> str:
        return f"boxes within {self.boxes:.2g} px, scores within {self.scores:.2g}"


def difference(one: Run, other: Run, blobs: Iterable[NDArray[np.float32]]) -> Difference:
    """How far two runs of the same inputs are apart, in any of the boxes before suppression; infinitely where the shapes differ."""
    found = [_between(one(blob), other(blob)) for blob in blobs]
    return Difference(boxes=float(np.max([d.boxes for d in found])), scores=float(np.max([d.scores for d in found])))


def probes(*, size: int, stride: int) -> Iterator[NDArray[np.float32]]:
    """Inputs to compare with: the square, a rectangle either way up, and a strip. Soft blotches, the same each time."""
    random = np.random.default_rng(0)
    long, short = size // stride * stride, max(stride, size * 3 // 4 // stride * stride)
    for height, width in ((long, long), (short, long), (long, short), (stride, long)):
        coarse = random.random((max(2, height // 24), max(2, width // 24), 3), dtype=np.float32)
        smooth = np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
        yield np.ascontiguousarray(smooth.transpose(2, 0, 1)[None])


def _between(one: NDArray[np.float32], other: NDArray[np.float32]) -> Difference:
    if one.shape != other.shape:
        return Difference(boxes=np.inf, scores=np.inf)
    apart = np.abs(one.astype(np.float64) - other)
    return Difference(boxes=float(apart[:, :4].max()), scores=float(apart[:, 4:].max()))
