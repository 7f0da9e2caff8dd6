"""Models: bundles and how to get one, and the two detectors that serve one (ONNX Runtime, and torch with YOLOv5)."""

import os

# ONNX Runtime ≥ 1.29 tells Microsoft of the models that it loads, unless this is set before it is imported. Nobody here agreed to that.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
