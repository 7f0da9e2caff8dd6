"""The reference: a bundle's weights in torch, with the yolov5 package."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detection.model import checkpoint, letterbox, nms
from detection.model.bundle import Bundle
from detection.model.errors import ModelError
from detection.prediction import Detection


class TorchDetector:
    """A bundle's weights.pt in torch. The number of threads is torch's own setting, of the whole process."""

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        if bundle.weights_sha256 is None:
            raise ModelError(
                f"{bundle.folder} has no weights.pt, which torch needs. Export the bundle again, or serve it with ONNX Runtime."
            )
        self._bundle = bundle
        self._model = checkpoint.load_weights(bundle.weights)
        import torch

        torch.set_num_threads(threads)

    @property
    def model(self) -> str:
        return self._bundle.version

    def detect(self, photo: NDArray[np.uint8]) -> tuple[Detection, ...]:
        height, width = photo.shape[:2]
        frame = letterbox.fit(width, height, size=self._bundle.input_size, stride=self._bundle.stride)
        return nms.detections(self.raw(frame.blob(photo)), letterbox=frame, bundle=self._bundle)

    def raw(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's output, n × (5 + classes), for an input of 1 × 3 × height × width."""
        return infer(self._model, blob)


def infer(model: object, blob: NDArray[np.float32]) -> NDArray[np.float32]:
    """One pass of a YOLOv5 model in torch: its output, n × (5 + classes)."""
    import torch

    with torch.inference_mode():
        output = model(torch.from_numpy(blob))[0][0]  # type: ignore[operator]  # an nn.Module; the worker's checks know no torch
    return np.asarray(output.numpy(), dtype=np.float32)
