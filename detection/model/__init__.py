"""Models: bundles and how to get one, and the two detectors that serve one (ONNX Runtime, and torch with YOLOv5)."""
