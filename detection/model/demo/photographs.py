"""Real pictures, from packages that are installed anyway: some to learn from what is no emoji, others to measure with. None is in both."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.model.errors import ModelError

# Surfaces, scans and pictures from instruments; and one portrait, of Matplotlib.
TRAINING = {
    "skimage": ("brick.png", "grass.png", "ihc.png", "cell.png", "microaneurysms.png", "retina.jpg", "page.png", "text.png"),
    "matplotlib": ("grace_hopper.jpg",),
}
# Two photographs of the world, of the yolov5 package, for the end of the training.
TRAINING_HARD = {"yolov5": ("bus.jpg", "zidane.jpg"), "matplotlib": ("grace_hopper.jpg",)}
HELD_OUT_TEXTURES = ("gravel.png",)
# What a photo of the world is, for the measure of false detections.
MEASURED = (
    *("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "hubble_deep_field.jpg", "moon.png"),
    *("motorcycle_left.png", "motorcycle_right.png", "rocket.jpg"),
)
_INSIDE = {"skimage": "data", "matplotlib": "mpl-data/sample_data", "yolov5": "data/images"}


def training_textures() -> list[NDArray[np.uint8]]:
    return [read(path(package, name)) for package, names in TRAINING.items() for name in names]


def hard_textures() -> list[NDArray[np.uint8]]:
    return [read(path(package, name)) for package, names in TRAINING_HARD.items() for name in names]


def held_out_textures() -> list[NDArray[np.uint8]]:
    return [read(path("skimage", name)) for name in HELD_OUT_TEXTURES]


def measured() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The ten photographs: name and picture."""
    for name in MEASURED:
        yield name, read(path("skimage", name))


def path(package: str, name: str) -> Path:
    """Where an installed package has this picture; found without importing the package. Raises ModelError."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelError(f"{package} is not installed, and its pictures are needed. `make setup` installs it.")
    return Path(spec.origin).parent / _INSIDE[package] / name


def read(file: Path) -> NDArray[np.uint8]:
    """A picture as RGB. Raises ModelError."""
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise ModelError(f"{file} can't be read as a picture.")
    return np.ascontiguousarray(picture[..., ::-1]).astype(np.uint8)
