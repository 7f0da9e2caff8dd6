"""Checkpoints for tests, as YOLOv5 writes them: a pickle of a whole model. Small ones that have learned nothing, and hostile ones."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from detection.model import yolov5_import

# YOLOv5's layers in small: every kind that YOLOv5n has, at the same strides.
ARCHITECTURE: dict[str, Any] = {
    "nc": 3,
    "depth_multiple": 0.33,
    "width_multiple": 0.125,
    "anchors": [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]],
    "backbone": [
        [-1, 1, "Conv", [64, 6, 2, 2]],
        [-1, 1, "Conv", [64, 3, 2]],
        [-1, 1, "Conv", [64, 3, 2]],
        [-1, 3, "C3", [64]],
        [-1, 1, "Conv", [128, 3, 2]],
        [-1, 1, "Conv", [128, 3, 2]],
        [-1, 1, "SPPF", [128, 5]],
    ],
    "head": [
        [-1, 1, "nn.Upsample", ["None", 2, "nearest"]],
        [[-1, 4], 1, "Concat", [1]],
        [-1, 3, "C3", [128, False]],
        [[3, 9, 6], 1, "Detect", ["nc", "anchors"]],
    ],
}
NAMES = ("ball", "cone", "cube")


def model(names: Sequence[str] = NAMES) -> Any:
    """A model of random weights, the same each time."""
    torch.manual_seed(0)
    made = yolov5_import.yolo().DetectionModel({**copy.deepcopy(ARCHITECTURE), "nc": len(names)})
    made.names = dict(enumerate(names))
    return made


def write(path: Path, content: Any = None) -> Path:
    """A checkpoint of this content, or of a model that has learned nothing."""
    torch.save({"epoch": -1, "model": model().half(), "optimizer": None} if content is None else content, path)
    return path


@contextmanager
def named_as_released() -> Iterator[None]:
    """While it lasts, classes are pickled under the names that they have in the released files: models.yolo, not yolov5.models.yolo."""
    modules = {"models": ModuleType("models"), "models.yolo": yolov5_import.yolo(), "models.common": yolov5_import.common()}
    classes = {
        value
        for module in modules.values()
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__.removeprefix("yolov5.") in modules
    }
    sys.modules.update(modules)
    for value in classes:
        value.__module__ = value.__module__.removeprefix("yolov5.")
    try:
        yield
    finally:
        for value in classes:
            value.__module__ = f"yolov5.{value.__module__}"
        for name in modules:
            del sys.modules[name]
