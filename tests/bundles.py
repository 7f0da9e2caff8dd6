"""Model bundles: one that sees a cat in every photo, for tests that need an answer and not a model; and two that really look."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from detection.model import bundle
from detection.model.prepare import DEMO, prepare

# Centre, width and height in pixels of the model's input; that there is an object; that it is a cat.
CAT = np.array([[[160, 160, 200, 200, 0.9, 0.9]]], np.float32)

# Read once: a test's own environment may name another model.
MODEL = os.environ.get("DETECTION_MODEL", "")


@pytest.fixture(scope="session")
def coco_bundle() -> Path:
    """The folder of a bundle that knows COCO's 80 classes: what DETECTION_MODEL names, made into a bundle once."""
    if not MODEL:
        pytest.skip(
            "needs YOLOv5n with COCO's classes; get https://github.com/ultralytics/yolov5/releases/download/v7.0/yolov5n.pt "
            "and run: DETECTION_MODEL=path/to/yolov5n.pt make test"
        )
    folder = prepare(MODEL, into=Path(".models"))
    if len(bundle.load(folder).names) != 80:
        pytest.skip(f"DETECTION_MODEL is {MODEL}, which does not know COCO's 80 classes; name YOLOv5n: DETECTION_MODEL=path/to/yolov5n.pt")
    return folder.absolute()


@pytest.fixture(scope="session")
def demo_bundle() -> Path:
    """The folder of the bundle that the repository carries: a real detector, which knows emoji."""
    return DEMO


def write_cat_bundle(folder: Path, *, version: str = "one-cat") -> Path:
    """The folder, with a bundle in it that a worker serves like any other."""
    folder.mkdir()
    _write_model(folder / bundle.ONNX)
    facts = bundle.Bundle(
        version=version,
        names=("cat",),
        input_size=640,
        stride=32,
        confidence=0.25,
        iou=0.45,
        onnx_sha256=bundle.sha256(folder / bundle.ONNX),
        weights_sha256=None,
        licence="AGPL-3.0-or-later",
        source="made by the tests",
    )
    (folder / bundle.MANIFEST).write_text(bundle.manifest(facts), encoding="utf-8")
    return folder


def _write_model(path: Path) -> None:
    photo = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "height", "width"])
    found = helper.make_tensor_value_info("output", TensorProto.FLOAT, CAT.shape)
    node = helper.make_node("Constant", [], ["output"], value=numpy_helper.from_array(CAT))
    graph = helper.make_graph([node], "one-cat", [photo], [found])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
