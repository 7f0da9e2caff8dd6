"""From emoji to a bundle that nobody has measured yet."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from detection.model.demo import finish
from detection.model.demo.emoji import EmojiSet
from detection.model.demo.train import Plan, train
from detection.model.export import export

CONFIDENCE = 0.5  # served with; see docs/demo-model.md for why it is above YOLOv5's own
INPUT_SIZE = 320
LICENCE = "AGPL-3.0-or-later; the pictures that it learned from have their own: see LICENSES.md beside this file"


def produce(sets: tuple[EmojiSet, ...], *, work: Path, seed: int, shortened: int | None, say: Callable[[str], None]) -> Path:
    """The folder of the new bundle, in `work`. `shortened` is for a short look: so many steps in each stage."""
    plan = Plan(seed=seed)
    if shortened is not None:
        plan = replace(plan, stages=tuple(replace(stage, steps=shortened) for stage in plan.stages), warm_up=1)
    names = ", ".join(emoji.name for emoji in sets)
    say(f"training with {names}: {plan.pictures} pictures")
    return packed(train(plan, sets, say=say), names=names, work=work, seed=seed, say=say)


def packed(trained: Any, *, names: str, work: Path, seed: int, say: Callable[[str], None]) -> Path:
    """The folder of the bundle of a trained model, which is changed."""
    model = finish.halve(trained)
    work.mkdir(parents=True, exist_ok=True)
    checkpoint, folder = work / "demo-emoji.pt", work / "bundle"
    finish.save(model, checkpoint)
    shutil.rmtree(folder, ignore_errors=True)
    made, apart = export(
        checkpoint,
        folder,
        name="demo-emoji",
        source=f"trained by `make demo-model SEED={seed}` on pictures composed of emoji ({names}); evaluation.json has its figures",
        licence=LICENCE,
        to_onnx=finish.half_onnx,
        input_size=INPUT_SIZE,
        confidence=CONFIDENCE,
        with_weights=False,
    )
    say(f"{made.version}: ONNX Runtime and torch agree, {apart}")
    return folder
