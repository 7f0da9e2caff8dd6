"""A colour for each class, the same in every photo, and the colour of letters on it."""

from __future__ import annotations

import colorsys
from functools import cache
from zlib import crc32

Colour = tuple[int, int, int]  # red, green, blue in 0-255

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)

# COCO's classes in its own order. What is seen together (car and truck, cup and fork) stands together there, and neighbours
# in the list get the most different colours.
COCO = """person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign, parking meter, bench,
bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard,
sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl,
banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv,
laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear,
hair drier, toothbrush"""
POSITIONS = {name: position for position, name in enumerate(" ".join(COCO.split()).split(", "))}

GOLDEN = 0.6180339887  # steps of this part of a circle never come near an earlier step soon
SHADES = ((0.85, 1.0), (1.0, 0.72), (0.6, 1.0))  # saturation and value


@cache
def colour(label: str) -> Colour:
    """The colour of a class. Of one that isn't COCO's the label's checksum stands for its position, so that it never changes."""
    position = POSITIONS.get(label, crc32(label.encode()))
    saturation, value = SHADES[position % len(SHADES)]
    red, green, blue = colorsys.hsv_to_rgb((0.02 + position * GOLDEN) % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def ink(background: Colour) -> Colour:
    """Black or white, whichever is easier to read. One of the two has a contrast of at least 4.5 with any colour."""
    return max(BLACK, WHITE, key=lambda letters: contrast(letters, background))


def contrast(one: Colour, other: Colour) -> float:
    """1 (the same) to 21 (black on white), https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(rgb: Colour) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (channel / 255 for channel in rgb)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
