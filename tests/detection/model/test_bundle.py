"""A bundle is whole and in range, or it isn't loaded and the message says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detection.model import bundle
from detection.model.detector import load_detector
from detection.model.errors import ModelError
from tests.bundles import write_cat_bundle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cat_bundle(tmp_path / "cats")


def change(folder: Path, **facts: Any) -> None:
    path = folder / bundle.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as refused:
        bundle.load(folder)
    return str(refused.value)


def test_a_bundle_is_what_was_written(folder: Path) -> None:
    loaded = bundle.load(folder)
    assert (loaded.version, loaded.names, loaded.input_size, loaded.stride) == ("one-cat", ("cat",), 640, 32)
    assert bundle.parse(bundle.manifest(loaded), folder=folder) == loaded


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("version", "has spaces"),
        ("version", ""),
        ("names", []),
        ("names", ["cat", ""]),
        ("names", "cat"),
        ("input_size", 0),
        ("input_size", 640.0),
        ("input_size", True),
        ("stride", -32),
        ("confidence", 25),
        ("confidence", 0),
        ("iou", 1),
        ("iou", float("nan")),
        ("onnx_sha256", "abc"),
        ("weights_sha256", ""),
        ("licence", None),
        ("source", "two\nlines"),
    ],
)
def test_a_fact_out_of_range_is_named_with_its_value(folder: Path, fact: str, value: Any) -> None:
    change(folder, **{fact: value})
    message = refusal(folder)
    assert f"  {fact}: {value!r} is not " in message
    assert str(folder / bundle.MANIFEST) in message


def test_everything_wrong_is_told_at_once(folder: Path) -> None:
    (folder / bundle.MANIFEST).write_text(json.dumps({"format": 1, "stride": 0}))
    message = refusal(folder)
    assert "  stride: 0 is not a whole number from 1 to 256" in message
    assert "  names: missing, must be a list of one or more class names" in message


@pytest.mark.parametrize("text", ["", "not JSON", "[]", "{}", '{"format": 2}'])
def test_a_manifest_of_another_kind(folder: Path, text: str) -> None:
    (folder / bundle.MANIFEST).write_text(text)
    assert "Export the bundle again" in refusal(folder)


def test_a_changed_model_is_not_loaded(folder: Path) -> None:
    with (folder / bundle.ONNX).open("ab") as file:
        file.write(b"\0")
    assert "model.onnx has changed: its SHA-256 is" in refusal(folder)


def test_a_missing_model_is_named(folder: Path) -> None:
    (folder / bundle.ONNX).unlink()
    assert f"{folder / bundle.ONNX} can't be read" in refusal(folder)


def test_a_checkpoint_gets_the_command_that_makes_a_bundle_of_it(tmp_path: Path) -> None:
    weights = tmp_path / "best.pt"
    weights.write_bytes(b"PK")
    assert f"python -m detection.model export {weights} --out {tmp_path / 'best'}" in refusal(weights)


def test_what_is_no_bundle_gets_it_too(tmp_path: Path) -> None:
    assert "it has no bundle.json in it" in refusal(tmp_path)
    assert "it does not exist" in refusal(tmp_path / "nowhere")
    assert "python -m detection.model export WEIGHTS.pt --out" in refusal(tmp_path / "nowhere")


def test_a_model_of_other_classes_than_its_manifest_says_is_not_served(folder: Path) -> None:
    change(folder, names=["cat", "dog"])
    with pytest.raises(ModelError, match="gives one output in rows of 7"):
        load_detector(folder)


def test_a_file_that_is_no_model_is_not_served(folder: Path) -> None:
    (folder / bundle.ONNX).write_bytes(b"nonsense")
    change(folder, onnx_sha256=bundle.sha256(folder / bundle.ONNX))
    with pytest.raises(ModelError, match="ONNX Runtime can't load"):
        load_detector(folder)


def test_torch_needs_weights(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"has no weights\.pt"):
        load_detector(folder, "torch")
