"""From a YOLOv5 checkpoint to a model bundle."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from detection.model import bundle, checkpoint, parity
from detection.model.bundle import UNSTATED_LICENCE, Bundle
from detection.model.checkpoint import Checkpoint
from detection.model.errors import ModelError
from detection.model.onnx_detector import session
from detection.model.torch_detector import infer

OPSET = 17
INPUT_SIZE, CONFIDENCE, IOU = 640, 0.25, 0.45  # YOLOv5's own


def export(
    weights: Path,
    out: Path,
    *,
    source: str | None = None,
    licence: str = UNSTATED_LICENCE,
    name: str | None = None,
    to_onnx: Callable[[Any], bytes] | None = None,
    input_size: int = INPUT_SIZE,
    confidence: float = CONFIDENCE,
    with_weights: bool = True,
) -> tuple[Bundle, parity.Difference]:
    """Make the bundle `out` of a checkpoint. Also returned: how far ONNX Runtime and torch are apart, which is little.

    `out` appears whole or not at all, and must not be there before. `source` and `name` are the checkpoint's file name unless given.
    `to_onnx` turns a torch model into an ONNX file's bytes. A bundle without weights is smaller, and torch can't serve it.
    Raises ModelError, also where ONNX Runtime and torch disagree.
    """
    if out.exists():
        raise ModelError(f"{out} exists, and a bundle is never changed. Remove it, or choose another folder.")
    read = checkpoint.read(weights)
    model = checkpoint.build(read.architecture, read.tensors, name=str(weights))
    stride = int(model.stride.max())
    onnx = (to_onnx or onnx_bytes)(checkpoint.build(read.architecture, read.tensors, name=str(weights)))
    apart = compared(model, onnx, stride=stride)
    facts = Bundle(
        version=f"{_version_name(name or weights.stem)}-{read.sha256[:12]}",
        names=read.names,
        input_size=-(-input_size // stride) * stride,
        stride=stride,
        confidence=confidence,
        iou=IOU,
        onnx_sha256="",
        weights_sha256=None,
        licence=licence,
        source=source or f"{weights.name} (SHA-256 {read.sha256})",
    )
    return _written(facts, out, onnx=onnx, weights=_weights_bytes(read) if with_weights else None), apart


def compared(model: Any, onnx: bytes, *, stride: int) -> parity.Difference:
    """How far an ONNX file, run by ONNX Runtime, is from a torch model. Raises ModelError where that is too far."""
    running = session(onnx, threads=os.cpu_count() or 1)
    name = running.get_inputs()[0].name
    apart = parity.difference(
        lambda blob: running.run(None, {name: blob})[0][0],
        lambda blob: infer(model, blob),
        parity.probes(size=INPUT_SIZE, stride=stride),
    )
    if not apart.is_small:
        raise ModelError(
            f"ONNX Runtime and torch disagree about this model ({apart}; at most {parity.BOX_TOLERANCE} px and "
            f"{parity.SCORE_TOLERANCE} are allowed), so no bundle was made. Please report this with the checkpoint's origin."
        )
    return apart


def onnx_bytes(model: Any) -> bytes:
    """A YOLOv5 model in torch as an ONNX file that takes one photo of any height and width. Changes the model."""
    import torch

    model.fuse()
    head = model.model[-1]
    head.inplace, head.dynamic, head.export = False, True, True
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing YOLOv5's own code: what they warn of is what `compared` looks at
        torch.onnx.export(
            model,
            (torch.zeros(1, 3, 64, 96),),
            file,  # type: ignore[arg-type]  # a file works; the annotation knows of paths alone
            opset_version=OPSET,
            input_names=["images"],
            output_names=["output"],
            dynamic_axes={"images": {2: "height", 3: "width"}, "output": {1: "boxes"}},
            dynamo=False,  # the new exporter needs another package, takes 30 times as long and writes two files
        )
    return file.getvalue()


def _weights_bytes(read: Checkpoint) -> bytes:
    import torch

    file = io.BytesIO()
    torch.save({"architecture": read.architecture, "tensors": read.tensors}, file)
    return file.getvalue()


def _written(facts: Bundle, out: Path, *, onnx: bytes, weights: bytes | None) -> Bundle:
    """Write a bundle's folder under another name and then rename it, so that nobody ever sees half a bundle."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise ModelError(f"{out} can't be written: {error}") from error
    try:
        (partial / bundle.ONNX).write_bytes(onnx)
        if weights is not None:
            (partial / bundle.WEIGHTS).write_bytes(weights)
        (partial / bundle.MANIFEST).write_text(bundle.manifest(_with_checksums(facts, partial)), encoding="utf-8")
        bundle.load(partial)
        partial.chmod(0o755)  # mkdtemp's own is for us alone, and a worker may be another user
        partial.rename(out)
    except OSError as error:
        raise ModelError(f"{out} can't be written: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return bundle.load(out)


def _with_checksums(facts: Bundle, folder: Path) -> Bundle:
    weights = folder / bundle.WEIGHTS
    return replace(
        facts,
        onnx_sha256=bundle.sha256(folder / bundle.ONNX),
        weights_sha256=bundle.sha256(weights) if weights.exists() else None,
    )


def _version_name(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text)[:60] or "model"
