"""A photo as a page shows it: an address that works for some minutes, and its boxes as shapes above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from detection import photos
from detection.colours import colour
from detection.prediction import Detection, Prediction


@dataclass(frozen=True, slots=True)
class Shape:
    """A box in % of the photo's sides, for an SVG of 100 by 100 that is stretched over it."""

    x: float
    y: float
    width: float
    height: float
    label: str
    percent: int
    colour: str
    corners: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A prediction's photo; `url` is None for whoever may not see it, or where there is none."""

    prediction: Prediction
    url: str | None
    shapes: tuple[Shape, ...]

    @property
    def found(self) -> str:
        """Such as "dog ×2, cat", the most frequent first."""
        counted = Counter(one.label for one in self.prediction.detections)
        return ", ".join(f"{label} ×{count}" if count > 1 else label for label, count in counted.most_common())


def pictures(some: Iterable[Prediction], *, with_photos: bool) -> list[Picture]:
    """Each with its shapes, and with its photo's address if that is allowed."""
    return [Picture(one, photos.link(one.photo_key) if with_photos else None, _shapes(one.detections)) for one in some]


def _shapes(detections: tuple[Detection, ...]) -> tuple[Shape, ...]:
    # The largest first, so that a small one is above it and can be pointed at.
    by_size = sorted(detections, key=lambda one: -(one.box.x2 - one.box.x1) * (one.box.y2 - one.box.y1))
    return tuple(_shape(one) for one in by_size)


def _shape(one: Detection) -> Shape:
    box = one.box
    sides = (100 * box.x1, 100 * box.y1, 100 * (box.x2 - box.x1), 100 * (box.y2 - box.y1))
    x, y, width, height = (round(side, 2) for side in sides)
    # Down, so that what is said to be under 60 % does not read "60 %".
    percent = int(one.confidence * 100 + 1e-9)
    corners = f"{box.x1:.3f}, {box.y1:.3f} – {box.x2:.3f}, {box.y2:.3f}"
    return Shape(x, y, width, height, one.label, percent, "#{:02x}{:02x}{:02x}".format(*colour(one.label)), corners)
