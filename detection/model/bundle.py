"""A model bundle: a folder with a model in the form that a worker serves, and what has to be known about it.

    bundle.json   the facts below, checked when the bundle is loaded
    model.onnx    what ONNX Runtime serves
    weights.pt    the same model for torch: its architecture and its tensors, nothing that runs (optional)

A bundle is written once and never changed, so `version` says which model a prediction was made with.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from detection.model.errors import ModelError

FORMAT = 1
MANIFEST, ONNX, WEIGHTS = "bundle.json", "model.onnx", "weights.pt"
UNSTATED_LICENCE = "not stated by the checkpoint; YOLOv5 and its released weights are AGPL-3.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What bundle.json says, and the folder it was read from."""

    version: str  # recorded with each prediction, as its `model`: "yolov5n-4f180cf23ba0"
    names: tuple[str, ...]  # the label of each class, in the order of the model's output
    input_size: int  # the longer side of the model's input, in pixels
    stride: int  # both sides of the input are multiples of this
    confidence: float  # what is less certain than this is not a detection
    iou: float  # of two boxes of a class that overlap by more, the less certain one is dropped
    onnx_sha256: str
    weights_sha256: str | None  # None: the bundle has no weights.pt, and torch can't serve it
    licence: str
    source: str  # where the checkpoint came from
    folder: Path = field(default=Path(), compare=False)

    @property
    def onnx(self) -> Path:
        return self.folder / ONNX

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS


def load(path: Path | str) -> Bundle:
    """The bundle in this folder, with every fact in range and its files as they were when it was written.

    Raises ModelError with everything that is wrong with bundle.json at once, or with the file that is missing or changed.
    """
    folder = Path(path)
    bundle = described(folder)
    _check(bundle.onnx, bundle.onnx_sha256)
    if bundle.weights_sha256 is not None:
        _check(bundle.weights, bundle.weights_sha256)
    return bundle


def described(path: Path | str) -> Bundle:
    """The bundle in this folder as its bundle.json describes it: quick, since the files beside it are not looked at. Raises ModelError."""
    return parse(_manifest(Path(path)), folder=Path(path))


def parse(text: str, *, folder: Path) -> Bundle:
    """bundle.json's text as a Bundle; the files beside it are not looked at."""
    where = folder / MANIFEST
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise ModelError(f"{where} is not JSON ({error}). Export the bundle again.") from None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        seen = facts.get("format") if isinstance(facts, dict) else type(facts).__name__
        raise ModelError(f"{where}: format is {seen!r}, this version reads format {FORMAT}. Export the bundle again.")
    problems = [
        f"  {name}: {facts[name]!r} is not {promise}" if name in facts else f"  {name}: missing, must be {promise}"
        for name, (promise, holds) in _FACTS.items()
        if name not in facts or not holds(facts[name])
    ]
    if problems:
        raise ModelError("\n".join([f"{where} can't be used:", *problems, "Export the bundle again."]))
    known = {name: facts[name] for name in _FACTS}
    return Bundle(**{**known, "names": tuple(known["names"])}, folder=folder)


def manifest(bundle: Bundle) -> str:
    """The text of bundle.json for this bundle; `parse` reads it back."""
    facts = {name: value for name, value in asdict(bundle).items() if name != "folder"}
    return json.dumps({"format": FORMAT, **facts}, indent=1, ensure_ascii=False) + "\n"


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(folder: Path) -> str:
    if folder.is_file():
        raise ModelError(
            f"{folder} is a file; a worker loads a model bundle, which is a folder. Make one from a YOLOv5 checkpoint with: "
            f"python -m detection.model export {folder} --out {folder.with_suffix('')}"
        )
    try:
        return (folder / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        seen = "has no bundle.json in it" if folder.is_dir() else "does not exist"
        raise ModelError(
            f"{folder} is not a model bundle: it {seen}. Make one with: python -m detection.model export WEIGHTS.pt --out {folder}"
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / MANIFEST} can't be read: {error}") from None


def _check(path: Path, expected: str) -> None:
    try:
        seen = sha256(path)
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror}). The bundle is incomplete: copy or export it again.") from None
    if seen != expected:
        raise ModelError(f"{path} has changed: its SHA-256 is {seen}, bundle.json says {expected}. Copy or export the bundle again.")


def _whole(low: int, high: int) -> tuple[str, Callable[[Any], bool]]:
    return f"a whole number from {low} to {high}", lambda value: type(value) is int and low <= value <= high


def _fraction() -> tuple[str, Callable[[Any], bool]]:
    return "a number above 0 and below 1", lambda value: type(value) in (int, float) and 0 < value < 1


def _pattern(promise: str, pattern: str) -> tuple[str, Callable[[Any], bool]]:
    return promise, lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 10_000 and all(isinstance(name, str) and name.strip() for name in value)


_SHA256 = _pattern("a SHA-256 in 64 hexadecimal digits", "[0-9a-f]{64}")

# Each fact of bundle.json: what is promised of it, and whether a value keeps the promise.
_FACTS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "version": _pattern("1 to 100 letters, digits and . _ -", "[A-Za-z0-9._-]{1,100}"),
    "names": ("a list of one or more class names", _are_names),
    "input_size": _whole(32, 4096),
    "stride": _whole(1, 256),
    "confidence": _fraction(),
    "iou": _fraction(),
    "onnx_sha256": _SHA256,
    "weights_sha256": (f"{_SHA256[0]}, or null", lambda value: value is None or _SHA256[1](value)),
    "licence": _pattern("a line of text", r"[^\n]+"),
    "source": _pattern("a line of text", r"[^\n]+"),
}
