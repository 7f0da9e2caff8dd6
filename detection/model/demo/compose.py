"""Pictures with emoji in them, and where each one is. The same seed and index give the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from detection.model.demo import drawing
from detection.model.demo.backgrounds import Draw, Picture
from detection.model.demo.emoji import EmojiSet

LEAST_VISIBLE = 0.6  # of an object's box inside the picture
MOST_COVERED = 0.3  # of an object's box by one that lies over it
TRIES = 8
INKED = 0.2  # of the emoji, where a set has drawings of them
DAMAGE = 0.35  # how often each of blur, noise and JPEG happens to a picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What pictures are made of, and how."""

    sets: Sequence[EmojiSet]
    backgrounds: Sequence[Draw]
    side: int
    seed: int
    sizes: tuple[float, float]  # of an object's longer side, in pixels
    objects: tuple[int, int] = (1, 7)  # tried, so many fit or fewer
    empty: float = 0.15  # of the pictures: without one of the classes
    turn: float = 30.0  # degrees
    odd_colours: float = 0.0  # of the emoji: in colours that no light gives them


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture (RGB), a box of x1, y1, x2, y2 in pixels for each object, and its class's index."""

    picture: Picture
    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]


@dataclass(slots=True)
class _Canvas:
    picture: NDArray[np.float32]
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    classes: list[int] = field(default_factory=list)


def compose(recipe: Recipe, index: int) -> Scene:
    """The picture of this index."""
    random = np.random.default_rng([recipe.seed, index])
    ground = recipe.backgrounds[int(random.integers(len(recipe.backgrounds)))](random, recipe.side)
    canvas = _Canvas(ground.astype(np.float32))
    is_empty = random.random() < recipe.empty
    _clutter(canvas, recipe, random, most=12 if is_empty else 3)
    if not is_empty:
        for _ in range(int(random.integers(recipe.objects[0], recipe.objects[1] + 1))):
            _add_object(canvas, recipe, random)
    picture = _photographed(canvas.picture, random)
    return Scene(picture, np.array(canvas.boxes, np.float32).reshape(-1, 4), np.array(canvas.classes, np.int64))


def _clutter(canvas: _Canvas, recipe: Recipe, random: Generator, *, most: int) -> None:
    """Emoji that are none of the classes. They come first, so they never cover an object."""
    for _ in range(int(random.integers(0, most + 1))):
        chosen = recipe.sets[int(random.integers(len(recipe.sets)))]
        others = chosen.inked_others if chosen.inked_others and random.random() < INKED else chosen.others
        if others:
            other = others[int(random.integers(len(others)))]
            patch = drawing.drawn(other, random, size=_size(recipe, random), turn=60, odd=recipe.odd_colours)
            _paste(canvas.picture, patch, random.uniform(-0.3, 1, 2) * recipe.side)


def _add_object(canvas: _Canvas, recipe: Recipe, random: Generator) -> None:
    chosen = recipe.sets[int(random.integers(len(recipe.sets)))]
    index = int(random.integers(len(chosen.objects)))
    emoji = chosen.objects[index]
    if emoji is None:
        return
    if chosen.inked and random.random() < INKED:
        emoji = chosen.inked[index][int(random.integers(len(chosen.inked[index])))]
    patch = drawing.drawn(emoji, random, size=_size(recipe, random), turn=recipe.turn, odd=recipe.odd_colours)
    if not patch.size or max(patch.shape[:2]) < recipe.sizes[0]:
        return
    for _ in range(TRIES):
        at = random.uniform(-0.2, 1, 2) * recipe.side
        box = _visible(patch, at, recipe.side)
        if box is not None and all(_covered(other, box) <= MOST_COVERED for other in canvas.boxes):
            _paste(canvas.picture, patch, at, shadow=random.random() < 0.25)
            canvas.boxes.append(box)
            canvas.classes.append(index)
            return


def _size(recipe: Recipe, random: Generator) -> float:
    low, high = np.log(recipe.sizes)
    return float(np.exp(random.uniform(low, high)))


def _visible(patch: Picture, at: NDArray[np.float64], side: int) -> tuple[float, float, float, float] | None:
    """The part of the box of a patch that is inside the picture; None where that is too little."""
    height, width = patch.shape[:2]
    x, y = int(at[0]), int(at[1])
    box = (max(0, x), max(0, y), min(side, x + width), min(side, y + height))
    if box[0] >= box[2] or box[1] >= box[3] or _area(box) < LEAST_VISIBLE * width * height:
        return None
    return box


def _area(box: tuple[float, float, float, float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _covered(box: tuple[float, float, float, float], by: tuple[float, float, float, float]) -> float:
    shared = (max(box[0], by[0]), max(box[1], by[1]), min(box[2], by[2]), min(box[3], by[3]))
    return _area(shared) / min(_area(box), _area(by))


def _paste(picture: NDArray[np.float32], patch: Picture, at: NDArray[np.float64], *, shadow: bool = False) -> None:
    if shadow:
        dark = np.dstack([np.zeros_like(patch[..., :3]), (patch[..., 3] * 0.4).astype(np.uint8)])
        _paste(picture, dark, at + max(patch.shape) * 0.05)
    x, y = int(at[0]), int(at[1])
    left, top = max(0, -x), max(0, -y)
    cut = patch[top : max(top, picture.shape[0] - y), left : max(left, picture.shape[1] - x)]
    if cut.size:
        under = picture[y + top : y + top + cut.shape[0], x + left : x + left + cut.shape[1]]
        under += (cut[..., :3] - under) * (cut[..., 3:] * np.float32(1 / 255))


def _photographed(picture: NDArray[np.float32], random: Generator) -> Picture:
    """As a camera, a phone and a chat would leave it: light, colour cast, blur, noise, JPEG."""
    gain = random.uniform(0.75, 1.25) * random.normal(1, 0.05, 3).astype(np.float32)
    lit = np.clip((picture - 128) * np.float32(random.uniform(0.8, 1.15)) + 128, 0, 255) * gain.astype(np.float32)
    if random.random() < DAMAGE:
        lit = cv2.GaussianBlur(lit, (0, 0), float(random.uniform(0.3, 1.0))).astype(np.float32)
    if random.random() < DAMAGE:
        lit = lit + random.standard_normal(lit.shape, dtype=np.float32) * np.float32(random.uniform(2, 14))
    finished = np.clip(lit, 0, 255).astype(np.uint8)
    return _compressed(finished, int(random.integers(30, 95))) if random.random() < DAMAGE else finished


def _compressed(picture: Picture, quality: int) -> Picture:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # noqa: S101  # we have just encoded it
    return decoded.astype(np.uint8)
