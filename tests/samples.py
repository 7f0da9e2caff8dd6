"""Real photos, from the packages that ship them, and what YOLOv5n finds in each."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path


def _folder(package: str, *inside: str) -> Path:
    """Where an installed package has its files; found without importing it."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.joinpath(*inside)


YOLOV5 = _folder("yolov5", "data", "images")
SKIMAGE = _folder("skimage", "data")

PHOTOS: dict[Path, Counter[str]] = {
    YOLOV5 / "bus.jpg": Counter(person=4, bus=1),
    YOLOV5 / "zidane.jpg": Counter(person=2, tie=1),
    SKIMAGE / "astronaut.png": Counter(person=1),
    SKIMAGE / "camera.png": Counter(person=1),
    SKIMAGE / "chelsea.png": Counter(cat=1),
    SKIMAGE / "coffee.png": Counter({"cup": 1, "dining table": 1}),
    SKIMAGE / "motorcycle_left.png": Counter(motorcycle=1),
    SKIMAGE / "motorcycle_right.png": Counter(motorcycle=1),
    SKIMAGE / "rocket.jpg": Counter(clock=1),  # there is none
    SKIMAGE / "brick.png": Counter(),
}
