"""Checkpoints are read and never run."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from detection.model import checkpoint, yolov5_import
from detection.model.errors import ModelError
from tests import checkpoints


class Trap:
    """Unpickled, it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def sprung(tmp_path: Path) -> Path:
    """The file that is there if anything of a hostile checkpoint was run."""
    return tmp_path / "sprung"


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as refused:
        checkpoint.read(path)
    return str(refused.value)


def test_a_checkpoint_is_its_names_its_layers_and_its_tensors(tmp_path: Path) -> None:
    read = checkpoint.read(checkpoints.write(tmp_path / "best.pt"))
    assert read.names == checkpoints.NAMES
    built = checkpoint.build(read.architecture, read.tensors, name="best.pt")
    photo = torch.rand(1, 3, 64, 96)
    # As float16, like the file.
    expected = checkpoints.model().half().float().eval()
    assert torch.equal(built(photo)[0], expected(photo)[0])


def test_released_files_name_their_classes_otherwise(tmp_path: Path) -> None:
    with checkpoints.named_as_released():
        path = checkpoints.write(tmp_path / "released.pt")
    assert "models.yolo.DetectionModel" in torch.serialization.get_unsafe_globals_in_checkpoint(path)
    assert checkpoint.read(path).names == checkpoints.NAMES


@pytest.mark.parametrize(
    "wrap", [lambda trap: trap, lambda trap: {"model": trap}, lambda trap: {"model": checkpoints.model(), "opt": [trap]}]
)
def test_a_hostile_pickle_is_refused_and_not_run(tmp_path: Path, sprung: Path, wrap: Callable[[Trap], Any]) -> None:
    path = checkpoints.write(tmp_path / "hostile.pt", wrap(Trap(sprung)))
    message = refusal(path)
    assert "Nothing of it was run" in message
    assert "Path.touch" in message or "getattr" in message
    assert not sprung.exists()


def test_a_hostile_pickle_without_a_zip_around_it_is_refused_too(tmp_path: Path, sprung: Path) -> None:
    path = tmp_path / "hostile.pt"
    path.write_bytes(pickle.dumps(Trap(sprung)))
    assert "is not a PyTorch checkpoint" in refusal(path)
    assert not sprung.exists()


def hostile_word(sprung: Path) -> str:
    """What YOLOv5 would evaluate, had it the chance."""
    return f"__import__('pathlib').Path({str(sprung)!r}).touch()"


def poison_layer(layers: dict[str, Any], word: str) -> None:
    layers["backbone"][0][2] = word


def poison_argument(layers: dict[str, Any], word: str) -> None:
    layers["head"][0][3][0] = word


def poison_nested_argument(layers: dict[str, Any], word: str) -> None:
    layers["backbone"][0][3] = [[word]]


def poison_activation(layers: dict[str, Any], word: str) -> None:
    layers["activation"] = word


def poison_repeat(layers: dict[str, Any], word: str) -> None:
    layers["backbone"][0][1] = word


def poison_classes(layers: dict[str, Any], word: str) -> None:
    layers["nc"] = word


POISONS = [poison_layer, poison_argument, poison_nested_argument, poison_activation, poison_repeat, poison_classes]


@pytest.mark.parametrize("poison", POISONS)
def test_words_that_yolov5_would_evaluate_are_refused(tmp_path: Path, sprung: Path, poison: Callable[[dict[str, Any], str], None]) -> None:
    model = checkpoints.model()
    poison(model.yaml, hostile_word(sprung))
    message = refusal(checkpoints.write(tmp_path / "hostile.pt", {"model": model}))
    assert "no part of a YOLOv5 detection model" in message
    assert not sprung.exists()


@pytest.mark.parametrize("poison", POISONS)
def test_and_in_a_bundles_weights(tmp_path: Path, sprung: Path, poison: Callable[[dict[str, Any], str], None]) -> None:
    layers = copy.deepcopy(checkpoints.ARCHITECTURE)
    poison(layers, hostile_word(sprung))
    path = checkpoints.write(tmp_path / "weights.pt", {"architecture": layers, "tensors": {}})
    with pytest.raises(ModelError, match="no part of a YOLOv5 detection model"):
        checkpoint.load_weights(path)
    assert not sprung.exists()


def test_a_bundles_weights_have_no_classes_in_them(tmp_path: Path) -> None:
    path = checkpoints.write(tmp_path / "weights.pt", {"architecture": checkpoints.ARCHITECTURE, "tensors": checkpoints.model()})
    with pytest.raises(ModelError, match="Nothing of it was run"):
        checkpoint.load_weights(path)


def test_the_words_were_evaluated_if_they_were_not_checked(sprung: Path) -> None:
    """Else the tests above would prove nothing."""
    layers = copy.deepcopy(checkpoints.ARCHITECTURE)
    poison_argument(layers, hostile_word(sprung))
    yolov5_import.yolo().DetectionModel(layers)  # `touch` returns None, which is the argument that belongs there
    assert sprung.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_checkpoint_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.pt"
    path.write_bytes(content)
    assert f"{path} is not a PyTorch checkpoint" in refusal(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.pt") == f"{tmp_path / 'nowhere.pt'} can't be read: No such file or directory"


@pytest.mark.parametrize(
    ("content", "kind"),
    [({"model": torch.nn.Conv2d(3, 3, 1)}, "Conv2d"), ({"weights": 1}, "NoneType"), ([1, 2], "list"), (torch.zeros(3), "Tensor")],
)
def test_another_model_is_named(tmp_path: Path, content: Any, kind: str) -> None:
    assert f"holds a {kind}, not a YOLOv5 detection model" in refusal(checkpoints.write(tmp_path / "other.pt", content))


@pytest.mark.parametrize("names", [None, [], ["one"], {1: "a", 2: "b", 3: "c"}, ["a", "b", 3], ["a", " ", "c"]])
def test_each_class_needs_a_name(tmp_path: Path, names: Any) -> None:
    model = checkpoints.model()
    model.names = names
    assert "a name for each of its 3 classes is needed" in refusal(checkpoints.write(tmp_path / "nameless.pt", {"model": model}))


def test_tensors_of_another_model_are_refused(tmp_path: Path) -> None:
    read = checkpoint.read(checkpoints.write(tmp_path / "best.pt"))
    wider = {**read.architecture, "width_multiple": 0.25}
    with pytest.raises(ModelError, match=r"best\.pt: the layers and the tensors in it don't make a YOLOv5 model"):
        checkpoint.build(wider, read.tensors, name="best.pt")


def test_an_activation_does_not_stay_for_the_next_model() -> None:
    conv = yolov5_import.common().Conv
    before = conv.default_act
    layers = {**checkpoints.ARCHITECTURE, "activation": "nn.ReLU()"}
    tensors = checkpoints.model().state_dict()
    assert "ReLU" in str(checkpoint.build(layers, tensors, name="relu"))
    assert conv.default_act is before
