"""Where labels go: at their boxes, inside the photo, off each other, and not all over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Rectangle = tuple[int, int, int, int]  # x1, y1, x2, y2 in pixels; x2 and y2 are the first outside
Size = tuple[int, int]  # width, height

MOST_COVERED = 0.3  # of the photo, by labels
ROWS = 12  # how far a label may move up or down from its box, in labels' heights


def place(boxes: Sequence[Rectangle], sizes: Sequence[Size], *, width: int, height: int, line: int) -> list[Rectangle | None]:
    """A place for each label, in the order of their boxes: the first comes first to the best place.

    Each is tried above its box, inside, below, and then further away. None where all of that is taken, or where labels cover so
    much of the photo already that another would hide more than it says. The first always has a place. No label may be larger than
    the photo; then each lies wholly in it.
    """
    taken = np.empty((0, 4), dtype=np.int64)
    places: list[Rectangle | None] = []
    for box, size in zip(boxes, sizes, strict=True):
        covered = _areas(taken).sum() + size[0] * size[1]
        if len(taken) and covered > MOST_COVERED * width * height:
            places.append(None)
            continue
        candidates = _candidates(box, size, width=width, height=height, line=line)
        free = candidates[_shared_areas(candidates, taken).sum(axis=1) == 0][:1]
        taken = np.vstack([taken, free])
        places.extend([(int(x1), int(y1), int(x2), int(y2)) for x1, y1, x2, y2 in free] or [None])
    return places


def _candidates(box: Rectangle, size: Size, *, width: int, height: int, line: int) -> NDArray[np.int64]:
    """Places for a label, the best first, each moved into the photo where it stuck out."""
    x1, y1, x2, y2 = box
    w, h = size
    half = (line + 1) // 2
    left, right = x1 - half, x2 + half - w
    above, inside, below, bottom = y1 - half - h, y1 + half, y2 + half, y2 - half - h
    tops = [above, inside, below, bottom]
    tops += [top for row in range(1, ROWS + 1) for top in (inside + row * h, above - row * h)]
    corners = [(x, y) for y in tops for x in (left, right, (left + right) // 2, right + w, left - w)]
    # Above the photo's edge a label would move down onto the box's own line: then inside is better.
    if above < 0:
        corners = corners[5:] + corners[:5]
    places = np.array(corners, dtype=np.int64)
    places[:, 0] = places[:, 0].clip(0, max(0, width - w))
    places[:, 1] = places[:, 1].clip(0, max(0, height - h))
    return np.hstack([places, places + np.array([w, h])])


def _areas(rectangles: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray((rectangles[:, 2:] - rectangles[:, :2]).prod(axis=1))


def _shared_areas(some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """The area that each of `some` has in common with each of `others`."""
    upper = np.maximum(some[:, None, :2], others[None, :, :2])
    lower = np.minimum(some[:, None, 2:], others[None, :, 2:])
    return np.asarray((lower - upper).clip(min=0).prod(axis=2))
