"""The training: a narrow YOLOv5 from nothing, with the yolov5 package's model and loss, in a loop of our own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import torch
import yaml

from detection.model import yolov5_import
from detection.model.demo.batches import Batch, Order, batches
from detection.model.demo.classes import NAMES
from detection.model.demo.emoji import EmojiSet

Say = Callable[[str], None]

WIDTH = 0.125  # of YOLOv5's channels; YOLOv5n has 0.25
# How much the loss's parts weigh, and what YOLOv5's loss wants to know besides.
LOSS = {"box": 0.05, "obj": 0.5, "cls": 1.0, "cls_pw": 1.0, "obj_pw": 1.0, "anchor_t": 4.0, "fl_gamma": 0.0, "label_smoothing": 0.0}
WEIGHT_DECAY = 0.02
LARGEST_GRADIENT = 10.0
SAY_EVERY = 50


@dataclass(frozen=True, slots=True)
class Stage:
    """So many steps with pictures of this side, in which objects are so large and so many."""

    steps: int
    side: int
    batch: int
    sizes: tuple[float, float]
    objects: tuple[int, int]
    is_hard: bool = False


# Small pictures full of things teach most in a second. Large things, and what is none of the objects, come once these are known.
STAGES = (
    Stage(7500, 192, 16, sizes=(18, 170), objects=(4, 14)),
    Stage(3000, 320, 16, sizes=(20, 200), objects=(3, 12), is_hard=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole training. The same plan gives the same model, on the same machine."""

    stages: tuple[Stage, ...] = STAGES
    rate: float = 4e-3
    warm_up: int = 100  # steps
    seed: int = 1
    threads: int = 1
    composers: int = 1

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    @property
    def pictures(self) -> int:
        return sum(stage.steps * stage.batch for stage in self.stages)

    def rate_at(self, step: int) -> float:
        """Up to `rate` in a straight line, and then down to a hundredth of it along a cosine."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        return self.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * (step - self.warm_up) / (self.steps - self.warm_up))) / 2)

    def orders(self) -> list[Order]:
        """What has to be composed: half of the pictures, since each batch comes twice."""
        wanted, first = [], 0
        for stage in self.stages:
            for _ in range(stage.steps // 2):
                wanted.append(Order(first, stage.batch, stage.side, stage.sizes, stage.objects, stage.is_hard))
                first += stage.batch
        return wanted


def train(plan: Plan, sets: tuple[EmojiSet, ...], *, say: Say) -> Any:
    """The trained model. Sets torch's seed, threads and determinism for the whole process."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(mode=True)
    cv2.setNumThreads(1)
    model = new_model()
    _run(model, plan, batches(plan.orders(), sets=sets, seed=plan.seed, processes=plan.composers), say)
    return model.eval()


def new_model() -> Any:
    """YOLOv5n's layers with half its channels and our classes, before any training."""
    yolo = yolov5_import.yolo()
    layers = yaml.safe_load(Path(str(yolo.__file__)).with_name("yolov5n.yaml").read_text(encoding="utf-8"))
    model = yolo.DetectionModel({**layers, "width_multiple": WIDTH, "nc": len(NAMES)})
    model.names = dict(enumerate(NAMES))
    model.hyp = LOSS
    return model


def _run(model: Any, plan: Plan, prepared: Iterator[Batch], say: Say) -> None:
    loss_of = yolov5_import.loss().ComputeLoss(model)
    optimizer = torch.optim.AdamW(_groups(model), lr=plan.rate, betas=(0.9, 0.99))
    model.train().to(memory_format=torch.channels_last)
    started, seen, recent = time.monotonic(), 0, 0.0
    for step, batch in enumerate(prepared):
        for group in optimizer.param_groups:
            group["lr"] = plan.rate_at(step)
        recent += _step(model, batch, loss_of, optimizer)
        seen += len(batch.pictures)
        if (step + 1) % SAY_EVERY == 0 or step + 1 == plan.steps:
            say(_progress(step + 1, plan.steps, seconds=time.monotonic() - started, seen=seen, loss=recent / SAY_EVERY))
            recent = 0.0


def _step(model: Any, batch: Batch, loss_of: Any, optimizer: torch.optim.Optimizer) -> float:
    """One step of the training; returns the loss of a picture."""
    pictures = torch.from_numpy(batch.pictures).permute(0, 3, 1, 2).float().div_(255).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = model(pictures)
    loss, _ = loss_of([output.float() for output in outputs], torch.from_numpy(batch.targets))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach()) / len(batch.pictures)


def _groups(model: Any) -> list[dict[str, Any]]:
    """Weights decay; biases and normalisations don't."""
    decays = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    stays = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    return [{"params": decays, "weight_decay": WEIGHT_DECAY}, {"params": stays, "weight_decay": 0.0}]


def _progress(step: int, steps: int, *, seconds: float, seen: int, loss: float) -> str:
    left = seconds / step * (steps - step) / 60
    return f"step {step} of {steps}, loss {loss:.4f}, {seen / seconds:.0f} pictures/s, {seconds / 60:.1f} min, about {left:.0f} to go"
