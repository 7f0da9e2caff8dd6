"""A photo to send."""

from __future__ import annotations

import cv2
import numpy as np


def photo(width: int = 640, height: int = 480) -> bytes:
    """A JPEG with something to see in it."""
    ramp = np.linspace(30, 220, width, dtype=np.uint8)
    picture = np.dstack([np.tile(ramp, (height, 1))] * 3)
    cv2.circle(picture, (width // 3, height // 2), height // 4, (60, 120, 200), -1)
    return bytes(cv2.imencode(".jpg", picture)[1])
