"""One emoji as it may lie in a picture: turned, stretched, in another light, or redrawn in ink."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from detection.model.demo.emoji import EmojiSet, Picture

FLIPPED = 0.5
INKED = 4  # drawings of each object, and one of each other emoji


def with_ink(emoji: EmojiSet) -> EmojiSet:
    """The set with its emoji as drawings, too: a style that the training never sees may be a drawn one."""
    random = np.random.default_rng(0)
    objects = tuple(() if picture is None else tuple(inked(picture, random) for _ in range(INKED)) for picture in emoji.objects)
    return replace(emoji, inked=objects, inked_others=tuple(inked(picture, random) for picture in emoji.others))


def drawn(picture: Picture, random: Generator, *, size: float, turn: float, odd: float) -> Picture:
    """The emoji with its longer side about `size` pixels, turned by up to `turn` degrees: RGBA, cut to what can be seen of it.

    It is in another light, and, so often as `odd` says, in colours that no light gives it.
    """
    return _recoloured(_moved(picture, random, size=size, turn=turn), random, odd=odd)


def inked(picture: Picture, random: Generator) -> Picture:
    """The emoji as a drawing: dark lines along the edges of its colours, and flatter, paler or no colours between them."""
    width = int(random.integers(2, 6))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width + 1, width + 1))
    seen = np.dstack([picture[..., :3] * (picture[..., 3:] > 128), picture[..., 3]])
    if random.random() < 0.7:
        seen = cv2.medianBlur(seen, 7)  # or each highlight gets lines of its own
    edges = cv2.morphologyEx(seen, cv2.MORPH_GRADIENT, kernel).max(axis=2).astype(np.float32)
    threshold = random.uniform(40, 160)
    line = np.clip((edges - threshold) / 40, 0, 1)[..., None]
    paper = np.float32(random.choice([0, 0, 0.3, 0.9, 1]))
    fill = seen[..., :3] * (1 - paper) + 255 * paper
    ink = np.float32(random.uniform(0, 50))
    alpha = np.maximum(picture[..., 3:], line * 255)
    return np.dstack([fill * (1 - line) + ink * line, alpha]).astype(np.uint8)


def _moved(picture: Picture, random: Generator, *, size: float, turn: float) -> Picture:
    if random.random() < FLIPPED:
        picture = picture[:, ::-1]
    side = picture.shape[0]
    reduced = _reduced(picture, size / side)
    scale = size / reduced.shape[0] * np.exp(random.uniform(-0.22, 0.22, 2))
    angle, shear = np.radians(random.uniform(-turn, turn)), random.uniform(-0.15, 0.15)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotation @ np.array([[1, shear], [0, 1]]) @ np.diag(scale)
    canvas = int(size * 1.9) + 4
    offset = canvas / 2 - matrix @ np.full(2, reduced.shape[0] / 2)
    moved = cv2.warpAffine(np.ascontiguousarray(reduced), np.column_stack([matrix, offset]), (canvas, canvas), flags=cv2.INTER_LINEAR)
    return _cut(np.asarray(moved, dtype=np.uint8))


def _reduced(picture: Picture, scale: float) -> Picture:
    """Made smaller by areas where it is made much smaller, which the turning alone would do by leaving pixels out."""
    if scale > 0.7:
        return picture
    side = max(4, int(picture.shape[0] * scale))
    return cv2.resize(np.ascontiguousarray(picture), (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _cut(picture: Picture) -> Picture:
    solid = picture[..., 3] > 100
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not len(rows):
        return picture[:0, :0]
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _recoloured(picture: Picture, random: Generator, *, odd: float) -> Picture:
    if not picture.size:
        return picture
    hue = random.uniform(-90, 90) if random.random() < odd else random.normal(0, 5)
    grey = 0.0 if random.random() < 0.05 else random.uniform(0.5, 1.3)
    hsv = cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + hue) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * grey, 0, 255)
    rgb: NDArray[np.float32] = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB).astype(np.float32)
    lit = (rgb - 128) * random.uniform(0.75, 1.2) + 128 * random.uniform(0.75, 1.2)
    return np.dstack([np.clip(lit, 0, 255), picture[..., 3] * random.uniform(0.85, 1)]).astype(np.uint8)
