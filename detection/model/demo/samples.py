"""The sample pictures that the repository carries: each class of the demo model is in one of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.model.demo.classes import NAMES
from detection.model.demo.emoji import EmojiSet, Picture

WIDTH, HEIGHT = 800, 600
COLUMNS, ROWS = 3, 2
QUALITY = 88


@dataclass(frozen=True, slots=True)
class Sample:
    """What is in a sample picture, from the left to the right and then below, and between which colours its ground changes."""

    emoji: str
    objects: tuple[str, ...]
    top: tuple[int, int, int]
    bottom: tuple[int, int, int]


SAMPLES = {
    "breakfast": Sample("twemoji", ("cup", "banana", "apple", "donut", "clock", "carrot"), (250, 236, 214), (214, 184, 148)),
    "party": Sample("twemoji", ("wine glass", "pizza", "hot dog", "sports ball", "scissors", "umbrella"), (62, 58, 110), (142, 82, 128)),
    "street": Sample("noto", ("airplane", "traffic light", "stop sign", "car", "bicycle", "train"), (178, 214, 240), (150, 152, 156)),
    "zoo": Sample("noto", ("cat", "dog", "elephant", "boat"), (196, 226, 250), (122, 176, 92)),
}


def draw(sample: Sample, emoji: EmojiSet, *, seed: int) -> NDArray[np.uint8]:
    """The picture, RGB."""
    random = np.random.default_rng(seed)
    share = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    top, bottom = np.array(sample.top, np.float32), np.array(sample.bottom, np.float32)
    picture: NDArray[np.floating] = np.repeat(top * (1 - share) + bottom * share, WIDTH, axis=1)
    for place, name in enumerate(sample.objects):
        drawn = emoji.objects[NAMES.index(name)]
        if drawn is not None:
            _put(picture, drawn, random, column=place % COLUMNS, row=place // COLUMNS)
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)


def write(folder: Path, sets: dict[str, EmojiSet]) -> None:
    """All of them as JPEG files."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, sample) in enumerate(SAMPLES.items()):
        picture = draw(sample, sets[sample.emoji], seed=seed)
        cv2.imwrite(str(folder / f"{name}.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def _put(picture: NDArray[np.floating], emoji: Picture, random: np.random.Generator, *, column: int, row: int) -> None:
    """Into its cell of the picture, somewhat turned and not in the middle."""
    width, height = WIDTH // COLUMNS, HEIGHT // ROWS
    size = float(random.uniform(0.55, 0.78)) * min(width, height)
    middle = np.array([(column + 0.5) * width, (row + 0.5) * height]) + random.uniform(-0.08, 0.08, 2) * [width, height]
    turned = cv2.getRotationMatrix2D((emoji.shape[1] / 2, emoji.shape[0] / 2), float(random.uniform(-12, 12)), size / emoji.shape[0])
    matrix = np.asarray(turned, dtype=np.float64)
    matrix[:, 2] += middle - np.array(emoji.shape[1::-1]) / 2
    moved = np.asarray(cv2.warpAffine(emoji, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR), dtype=np.float32)
    picture[:] = picture + (moved[..., :3] - picture) * (moved[..., 3:] / 255)
