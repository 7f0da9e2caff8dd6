"""An emoji set of plain shapes, for tests that need no fonts: each class a disc of a colour of its own."""

from __future__ import annotations

import cv2
import numpy as np

from detection.model.demo.classes import NAMES
from detection.model.demo.emoji import EmojiSet, Picture

COLOURS = np.random.default_rng(0).integers(0, 256, (len(NAMES), 3))


def disc(colour: tuple[int, ...], side: int = 64) -> Picture:
    picture = np.zeros((side, side, 4), np.uint8)
    cv2.circle(picture, (side // 2, side // 2), side // 2 - 4, (*map(int, colour), 255), -1)
    return picture


def toys() -> EmojiSet:
    return EmojiSet("toys", tuple(disc(tuple(colour)) for colour in COLOURS), (disc((9, 9, 9)),))
