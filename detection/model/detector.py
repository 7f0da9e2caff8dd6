"""What a detector is, and how to get one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.model import bundle
from detection.prediction import Detection

Backend = Literal["onnx", "torch"]


class Detector(Protocol):
    """A model that is loaded and ready. Not to be shared with a process that is forked later: load one in each."""

    @property
    def model(self) -> str:
        """The version of its bundle."""

    def detect(self, photo: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """The objects in an RGB photo (height × width × 3) of any size, the most certain first, at most 300."""


def load_detector(path: Path | str, backend: Backend = "onnx", *, threads: int = 1) -> Detector:
    """A detector for the bundle in this folder. Raises ModelError.

    `threads` are those of one detection, OpenCV's part of it included (which is a setting of the whole process). Several workers
    of one thread each do as much as one worker of several.
    """
    loaded = bundle.load(path)
    cv2.setNumThreads(threads)
    # A worker's environment has ONNX Runtime and no torch, so each is imported only where it is asked for.
    if backend == "onnx":
        from detection.model.onnx_detector import OnnxDetector

        return OnnxDetector(loaded, threads=threads)
    from detection.model.torch_detector import TorchDetector

    return TorchDetector(loaded, threads=threads)
