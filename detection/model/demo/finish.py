"""From a trained model to a checkpoint whose tensors are as exact in half the bytes, and to the ONNX file that keeps them so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from detection.model.export import onnx_bytes

LEAST_STORED_HALF = 64  # numbers; below that a conversion costs more than it saves


def halve(model: Any) -> Any:
    """The model with each normalisation worked into the convolution before it, and then every number rounded to what 16 bits hold.

    Each normalisation stays as one that does nothing, so the layers are those that YOLOv5 expects, and fusing them is exact: ONNX
    Runtime, with its weights in 16 bits, and torch say the same to the last digits. Changes the model.
    """
    with torch.no_grad():
        for layer in model.modules():
            if hasattr(layer, "bn") and hasattr(layer, "conv"):
                _work_in(layer.conv, layer.bn)
        for parameter in model.parameters():
            parameter.copy_(parameter.half().float())
    return model


def _work_in(conv: Any, bn: Any) -> None:
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    conv.weight.mul_(scale.reshape(-1, 1, 1, 1))
    bn.bias.sub_(bn.running_mean * scale)
    bn.weight.fill_(1)
    bn.running_mean.zero_()
    bn.running_var.fill_(1 - bn.eps)


def save(model: Any, path: Path) -> None:
    """A checkpoint as YOLOv5's own training leaves one."""
    torch.save({"epoch": -1, "model": model, "optimizer": None}, path)


def half_onnx(model: Any) -> bytes:
    """As `onnx_bytes`, with the weights stored in 16 bits: ONNX Runtime turns them back while it loads, and computes as ever."""
    file = onnx.load_from_string(onnx_bytes(model))
    kept, casts = [], []
    for tensor in file.graph.initializer:
        numbers = numpy_helper.to_array(tensor)
        halved = numbers.astype(np.float16) if numbers.dtype == np.float32 and numbers.size >= LEAST_STORED_HALF else None
        if halved is None or not np.array_equal(halved.astype(np.float32), numbers):
            kept.append(tensor)
            continue
        kept.append(numpy_helper.from_array(halved, f"{tensor.name}.half"))
        casts.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *file.graph.node]
    del file.graph.initializer[:], file.graph.node[:]
    file.graph.initializer.extend(kept)
    file.graph.node.extend(nodes)
    onnx.checker.check_model(file)
    return bytes(file.SerializeToString())
