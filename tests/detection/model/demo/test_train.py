"""The training and what is made of it, in so few steps that it learns nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from detection.model import bundle, export
from detection.model.demo import finish
from detection.model.demo.batches import Batch, mirrored
from detection.model.demo.classes import NAMES
from detection.model.demo.train import Plan, Stage, new_model, train
from detection.model.onnx_detector import OnnxDetector
from tests.detection.model.demo.toys import toys

STAGES = (Stage(2, 64, 2, sizes=(18, 40), objects=(1, 4)), Stage(2, 96, 2, sizes=(18, 60), objects=(1, 4), is_hard=True))
PLAN = Plan(stages=STAGES, rate=1e-3, warm_up=1, seed=5)


@pytest.fixture(autouse=True)
def _undo() -> object:
    """The training sets what holds for the whole process."""
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(mode=False)
    torch.set_num_threads(before)


def test_the_same_seed_gives_the_same_model() -> None:
    said: list[str] = []
    one, again = (train(PLAN, (toys(),), say=said.append).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert [line.split(",")[0] for line in said] == ["step 4 of 4"] * 2


def test_a_halved_model_says_the_same_in_half_the_bytes(tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = new_model().eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d) and layer.running_mean is not None and layer.running_var is not None:
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 2)
    blob = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        before, after = model(blob)[0], finish.halve(model)(blob)[0]
    assert (before - after)[..., 4:].abs().max() < 5e-3
    finish.save(model, tmp_path / "toy.pt")
    made, apart = export.export(
        tmp_path / "toy.pt", tmp_path / "toy", name="demo-toy", to_onnx=finish.half_onnx, input_size=320, confidence=0.4, with_weights=False
    )
    assert apart.is_small
    assert (made.input_size, made.confidence, made.weights_sha256) == (320, 0.4, None)
    assert made.version.startswith("demo-toy-")
    assert made.onnx.stat().st_size < 1_100_000
    assert sum(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in onnx.load(made.onnx).graph.initializer) > 50
    assert OnnxDetector(bundle.load(made.folder)).raw(np.zeros((1, 3, 64, 64), np.float32)).shape[1] == 5 + len(NAMES)


def test_the_rate_goes_up_and_down_again() -> None:
    plan = Plan()
    rates = [plan.rate_at(step) for step in range(plan.steps)]
    assert max(rates) == plan.rate
    assert rates[0] == pytest.approx(plan.rate / plan.warm_up)
    assert rates[-1] < plan.rate / 50


def test_no_picture_is_composed_twice() -> None:
    orders = Plan().orders()
    assert sum(order.count for order in orders) * 2 == Plan().pictures
    assert all(later.first == order.first + order.count for order, later in pairwise(orders))


def test_a_mirrored_batch_has_its_boxes_on_the_other_side() -> None:
    pictures = np.zeros((1, 10, 10, 3), np.uint8)
    pictures[0, 2:4, 1:3] = 255
    made = mirrored(Batch(pictures, np.array([[0, 7, 0.2, 0.3, 0.2, 0.2]], np.float32)))
    assert made.targets[0].tolist() == pytest.approx([0, 7, 0.8, 0.3, 0.2, 0.2])
    assert made.pictures[0, 2:4, 7:9].min() == 255
    assert made.pictures.sum() == pictures.sum()
