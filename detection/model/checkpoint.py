"""YOLOv5 checkpoints, read without running anything that is in them.

A checkpoint (.pt) is a pickle of a whole model, and unpickling can run any code. So it is read with torch's `weights_only` and
an allow-list, and then nothing of it is used but its tensors, its class names and its architecture: a list of layers, from which
YOLOv5 builds the model anew. YOLOv5 calls `eval` on the words in that list, so each word is looked up in a list of ours first.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detection.model import yolov5_import
from detection.model.errors import ModelError

LAYERS = (
    *("Bottleneck", "BottleneckCSP", "C3", "C3Ghost", "C3SPP", "C3TR", "C3x", "Concat", "Contract", "Conv", "CrossConv", "DWConv"),
    *("Expand", "Focus", "GhostBottleneck", "GhostConv", "SPP", "SPPF", "TransformerBlock", "TransformerLayer"),
)
HEADS = ("Detect", "DetectionModel", "Model")
TORCH = (
    *("BatchNorm2d", "Conv2d", "Hardswish", "Identity", "LeakyReLU", "MaxPool2d", "Mish", "ModuleList", "ReLU", "Sequential", "SiLU"),
    *("Upsample", "ZeroPad2d"),
)

# The words that a layer's arguments may have: each means what it says when YOLOv5 evaluates it.
ARGUMENTS = {"None", "True", "False", "nc", "anchors", "nearest", "bilinear"}
MODULES = {*LAYERS, "Detect", "nn.Upsample", "nn.Conv2d", "nn.BatchNorm2d", "nn.MaxPool2d", "nn.ZeroPad2d", "nn.Identity"}
ACTIVATIONS = {None, "nn.SiLU()", "nn.ReLU()", "nn.LeakyReLU(0.1)", "nn.Hardswish()", "nn.Mish()", "nn.Identity()"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What is used of a checkpoint: its class names, its layers as YOLOv5 describes them, its tensors and its file's SHA-256."""

    names: tuple[str, ...]
    architecture: dict[str, Any]
    tensors: dict[str, Any]
    sha256: str


def read(path: Path) -> Checkpoint:
    """The checkpoint in this file. Raises ModelError for anything but a YOLOv5 detection model, and runs nothing of it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror}") from None
    module = _detection_model(_load(data, path), path)
    architecture = checked_architecture(getattr(module, "yaml", None), path)
    names = _names(getattr(module, "names", None), architecture["nc"], path)
    try:
        tensors = dict(module.state_dict())
    except Exception as error:  # a crafted file can have anything in the place of a layer
        raise ModelError(f"{path} is not a whole YOLOv5 model: {error}") from error
    return Checkpoint(names=names, architecture=architecture, tensors=tensors, sha256=hashlib.sha256(data).hexdigest())


def build(architecture: dict[str, Any], tensors: dict[str, Any], *, name: str) -> Any:
    """The model that these describe, ready to infer. `name` is for messages. Raises ModelError where they don't belong together."""
    conv = yolov5_import.common().Conv
    activation = conv.default_act
    try:
        model = yolov5_import.yolo().DetectionModel(checked_architecture(architecture, name))
        model.load_state_dict(tensors)
    except ModelError:
        raise
    except Exception as error:  # YOLOv5 checks nothing, so a bad list of layers fails in as many ways as there are layers
        raise ModelError(f"{name}: the layers and the tensors in it don't make a YOLOv5 model: {error}") from error
    finally:
        conv.default_act = activation  # a model's own activation is set on the class, for every model after it
    return model.float().eval()


def load_weights(path: Path) -> Any:
    """The model in a bundle's weights.pt: {"architecture", "tensors"}, nothing but plain values and tensors. Raises ModelError."""
    saved = _load(path.read_bytes(), path, allowed=())
    if not isinstance(saved, dict) or not saved.keys() >= {"architecture", "tensors"}:
        raise ModelError(f"{path} is not the weights of a model bundle. Export the bundle again.")
    return build(saved["architecture"], saved["tensors"], name=str(path))


def checked_architecture(layers: Any, name: Path | str) -> dict[str, Any]:
    """A copy of YOLOv5's description of a model, of nothing but numbers and the words listed above. Raises ModelError."""
    if not isinstance(layers, dict):
        raise _no_part("its architecture", type(layers).__name__, name)
    if layers.get("activation") not in ACTIVATIONS:
        raise _no_part("activation", layers.get("activation"), name)
    numbers = {key: layers.get(key) for key in ("nc", "depth_multiple", "width_multiple", "anchors")} | {"ch": layers.get("ch", 3)}
    for key, value in numbers.items():
        if value is None or not _is_plain(value, words=set()):
            raise _no_part(key, value, name)
    lists = {key: [_checked_layer(layer, name) for layer in _list(layers.get(key))] for key in ("backbone", "head")}
    plain: dict[str, Any] = _copied({**numbers, **lists, "activation": layers.get("activation")})
    return plain


def _checked_layer(layer: Any, name: Path | str) -> Any:
    """One layer: from which others, how often, what, and its arguments."""
    if not (isinstance(layer, list | tuple) and len(layer) == 4 and _is_plain(layer[:2], words=set())):
        raise _no_part("a layer", layer, name)
    if not (isinstance(layer[2], str) and layer[2] in MODULES):
        raise _no_part("a layer", layer[2], name)
    if not (isinstance(layer[3], list | tuple) and _is_plain(layer[3], words=ARGUMENTS)):
        raise _no_part(f"an argument of {layer[2]}", layer[3], name)
    return layer


def _no_part(what: str, seen: object, name: Path | str) -> ModelError:
    return ModelError(f"{name}: {what} is {str(seen)[:100]!r}, which is no part of a YOLOv5 detection model. Nothing of it was run.")


def _load(data: bytes, path: Path, *, allowed: tuple[str, ...] = ("models", "yolov5.models")) -> Any:
    """torch.load with `weights_only`; `allowed` are the packages under which the file may name YOLOv5's classes."""
    modules = yolov5_import.yolo(), yolov5_import.common()  # first, since this is what says how to install torch
    import torch

    classes: list[Any] = [getattr(torch.nn, name) for name in TORCH] if allowed else []
    for package in allowed:
        classes += [(getattr(modules[0], name), f"{package}.yolo.{name}") for name in HEADS]
        classes += [(getattr(modules[1], name), f"{package}.common.{name}") for name in LAYERS]
    with torch.serialization.safe_globals(classes):
        _refuse_unknown(data, path)
        try:
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        except Exception as error:  # a pickle can fail as anything
            raise ModelError(f"{path} is not a checkpoint that can be loaded safely: {_first_line(error)}") from error


def _refuse_unknown(data: bytes, path: Path) -> None:
    """Name what a checkpoint would import, before torch's own message suggests to allow it."""
    import torch

    try:
        unknown = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
    except Exception as error:  # not a zip, or not a pickle in it
        raise ModelError(f"{path} is not a PyTorch checkpoint: {_first_line(error)}") from error
    if unknown:
        raise ModelError(
            f"{path} names {', '.join(sorted(unknown)[:5])}: no part of a YOLOv5 detection model, and perhaps code that would run "
            "when it is loaded. Nothing of it was run. Use the best.pt of a finished YOLOv5 training, or a release of YOLOv5."
        )


def _detection_model(loaded: Any, path: Path) -> Any:
    model = (loaded.get("ema") or loaded.get("model")) if isinstance(loaded, dict) else loaded
    if not isinstance(model, yolov5_import.yolo().DetectionModel):
        raise ModelError(f"{path} holds a {type(model).__name__}, not a YOLOv5 detection model.")
    return model


def _names(names: Any, classes: Any, path: Path) -> tuple[str, ...]:
    listed = [names.get(index) for index in range(len(names))] if isinstance(names, dict) else names
    if not isinstance(listed, list) or len(listed) != classes or not all(isinstance(n, str) and n.strip() for n in listed):
        raise ModelError(f"{path}: its class names are {str(names)[:100]}; a name for each of its {classes} classes is needed.")
    return tuple(" ".join(name.split()) for name in listed)


def _is_plain(value: Any, *, words: set[str]) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item, words=words) for item in value)
    return value is None or type(value) in (int, float, bool) or (isinstance(value, str) and value in words)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _copied(value: Any) -> Any:
    """A deep copy, since YOLOv5 changes what it is given, in plain lists and dictionaries."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list | tuple) else value


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
