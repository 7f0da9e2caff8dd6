"""A bundle is made whole, of a model about which ONNX Runtime and torch agree, or not at all; and yolov5 leaves no traces."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from detection.model import bundle, parity
from detection.model.detector import load_detector
from detection.model.errors import ModelError
from detection.model.export import export, onnx_bytes
from tests import checkpoints

PHOTO = np.random.default_rng(3).integers(0, 256, (300, 400, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.write(tmp_path_factory.mktemp("weights") / "toys v2.pt")


@pytest.fixture(scope="module")
def exported(weights: Path) -> tuple[bundle.Bundle, parity.Difference]:
    return export(weights, weights.parent / "bundles" / "toys", licence="MIT", source="the attic")


def test_a_bundle_has_the_checkpoints_facts(exported: tuple[bundle.Bundle, parity.Difference], weights: Path) -> None:
    made, _ = exported
    assert made.version == f"toys-v2-{bundle.sha256(weights)[:12]}"
    assert (made.names, made.stride, made.input_size) == (checkpoints.NAMES, 32, 640)
    assert (made.confidence, made.iou, made.licence, made.source) == (0.25, 0.45, "MIT", "the attic")
    assert sorted(path.name for path in made.folder.iterdir()) == ["bundle.json", "model.onnx", "weights.pt"]
    assert [path.name for path in made.folder.parent.iterdir()] == ["toys"]
    assert bundle.load(made.folder) == made


def test_it_is_an_onnx_model_of_any_size(exported: tuple[bundle.Bundle, parity.Difference]) -> None:
    model = onnx.load(exported[0].onnx)
    onnx.checker.check_model(model)
    assert model.opset_import[0].version == 17
    shape = [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    assert shape == [1, 3, "height", "width"]


def test_both_detectors_serve_it_and_agree(exported: tuple[bundle.Bundle, parity.Difference]) -> None:
    made, apart = exported
    assert apart.is_small
    detectors = [load_detector(made.folder, "onnx"), load_detector(made.folder, "torch")]
    assert [d.model for d in detectors] == [made.version] * 2
    assert detectors[0].detect(PHOTO) == detectors[1].detect(PHOTO)


def tampered(model: Any) -> bytes:
    """An export that went wrong a little: one weight of the last layer is off."""
    graph = onnx.load_from_string(onnx_bytes(model))
    last = next(i for i in reversed(graph.graph.initializer) if i.name.endswith("m.0.bias"))
    values = numpy_helper.to_array(last).copy()
    values[0] += 0.01
    last.CopyFrom(numpy_helper.from_array(values, last.name))
    return bytes(graph.SerializeToString())


def test_a_bundle_is_refused_where_they_disagree(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="ONNX Runtime and torch disagree about this model"):
        export(weights, tmp_path / "wrong", to_onnx=tampered)
    assert list(tmp_path.iterdir()) == []


def test_nan_is_a_disagreement() -> None:
    nothing = np.full((10, 8), np.nan, np.float32)
    assert not parity.difference(lambda _: nothing, lambda _: nothing, [np.zeros(1, np.float32)]).is_small


def test_another_shape_is_a_disagreement() -> None:
    one, other = np.zeros((10, 8), np.float32), np.zeros((10, 9), np.float32)
    assert not parity.difference(lambda _: one, lambda _: other, [np.zeros(1, np.float32)]).is_small


def test_a_bundle_is_never_overwritten(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="exists, and a bundle is never changed"):
        export(weights, tmp_path)


def test_where_it_cannot_be_written_nothing_is_left(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="can't be written"):
        export(weights, tmp_path / "file" / "toys")


def test_yolov5_leaves_no_traces(weights: Path, tmp_path: Path) -> None:
    """In a process of its own, with an empty home and no network: what importing yolov5 changes is as it was afterwards."""
    program = textwrap.dedent(
        """
        import os, socket, sys, logging, warnings
        import cv2, numpy, torch
        def no_network(*_): raise AssertionError("reached for the network")
        socket.socket.connect = socket.getaddrinfo = no_network
        def state():
            return {
                "environment": dict(os.environ), "path": list(sys.path), "threads": (cv2.getNumThreads(), torch.get_num_threads()),
                "numpy": numpy.get_printoptions(), "torch": vars(torch._tensor_str.PRINT_OPTS).copy(), "warnings": list(warnings.filters),
                "stand-ins": [name for name in sys.modules if name.split(".")[0] in ("torchvision", "ultralytics", "models", "utils")],
                "handlers": list(logging.getLogger().handlers), "disabled": logging.getLogger("detection").disabled,
            }
        logging.getLogger("detection")
        import detection.model  # whose own variable is set on purpose
        before = state()
        from detection.model import checkpoint
        from pathlib import Path
        read = checkpoint.read(Path(sys.argv[1]))
        checkpoint.build(read.architecture, read.tensors, name="toys")
        after = state()
        for what in before:
            assert before[what] == after[what], (what, before[what], after[what])
        assert "yolov5" in sys.modules
        """
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "MPLCONFIGDIR": str(tmp_path / "matplotlib")}
    run = subprocess.run([sys.executable, "-c", program, str(weights)], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    assert list(home.rglob("*")) == []
