"""The detector that workers use: ONNX Runtime on the processor."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from detection.model import letterbox, nms
from detection.model.bundle import Bundle
from detection.model.errors import ModelError
from detection.prediction import Detection

ONLY_ERRORS = 3  # ONNX Runtime's own log level; its warnings are about how a model was exported


class OnnxDetector:
    """A bundle's model.onnx in ONNX Runtime, on as many threads as it is given."""

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        self._bundle = bundle
        self._session = session(str(bundle.onnx), threads=threads)
        _check(self._session, bundle)

    @property
    def model(self) -> str:
        return self._bundle.version

    def detect(self, photo: NDArray[np.uint8]) -> tuple[Detection, ...]:
        height, width = photo.shape[:2]
        frame = letterbox.fit(width, height, size=self._bundle.input_size, stride=self._bundle.stride)
        output = self.raw(frame.blob(photo))
        return nms.detections(output, letterbox=frame, bundle=self._bundle)

    def raw(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's output, n × (5 + classes), for an input of 1 × 3 × height × width."""
        (output,) = self._session.run(None, {self._session.get_inputs()[0].name: blob})
        return np.asarray(output[0], dtype=np.float32)


def session(onnx: str | bytes, *, threads: int) -> ort.InferenceSession:
    """ONNX Runtime with this model (a path, or the file's bytes). Raises ModelError."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ONLY_ERRORS
    try:
        return ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a class for each of its status codes, and RuntimeError above them is not promised
        name = onnx if isinstance(onnx, str) else "the exported model"
        raise ModelError(f"ONNX Runtime can't load {name}: {error}") from error


def _check(running: ort.InferenceSession, bundle: Bundle) -> None:
    """That the model takes and gives what the bundle describes: else labels would be wrong, or every photo would fail.

    Told by running it on a small input of nothing, since the file need not say how long its rows are.
    """
    row, shape = 5 + len(bundle.names), (1, 3, bundle.stride, 2 * bundle.stride)
    try:
        outputs = running.run(None, {running.get_inputs()[0].name: np.zeros(shape, np.float32)})
        seen = ", ".join(str(output.shape) for output in outputs)
        fits = len(outputs) == 1 and outputs[0].ndim == 3 and outputs[0].shape[2] == row
    except Exception as error:  # noqa: BLE001  # as in `session`
        seen, fits = str(error), False
    if not fits:
        raise ModelError(
            f"{bundle.onnx} gave {seen} for an input of {shape}; a YOLOv5 model with {len(bundle.names)} classes gives one output in rows "
            f"of {row}. Its bundle.json belongs to another model: export the bundle again."
        )
