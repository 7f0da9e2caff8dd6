"""Backgrounds, drawn: none holds one of the classes. Those of the evaluation are of other kinds than those of the training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Draw = Callable[[Generator, int], Picture]


def colour(random: Generator) -> NDArray[np.float32]:
    """A colour as photos have them: most are dull."""
    grey = random.uniform(10, 245)
    tint = random.normal(0, 1, 3) * random.choice([6, 18, 45, 90])
    return np.asarray(np.clip(grey + tint, 0, 255), dtype=np.float32)


def flat(random: Generator, side: int) -> Picture:
    return np.full((side, side, 3), colour(random), np.uint8)


def gradient(random: Generator, side: int) -> Picture:
    corners = np.stack([colour(random) for _ in range(4)]).reshape(2, 2, 3)
    return _bytes(cv2.resize(corners, (side, side), interpolation=cv2.INTER_LINEAR))


def clouds(random: Generator, side: int) -> Picture:
    """Noise of several scales at once, between three colours."""
    share = _octaves(random, side)
    low, middle, high = (colour(random) for _ in range(3))
    first, second = np.clip(share * 2, 0, 1)[..., None], np.clip(share * 2 - 1, 0, 1)[..., None]
    return _bytes((low * (1 - first) + middle * first) * (1 - second) + high * second)


def leaves(random: Generator, side: int) -> Picture:
    """Shapes that cover one another, small ones far more often than large ones, each shaded: what photos are like in their statistics."""
    picture = gradient(random, side)
    for _ in range(int(random.integers(20, 100))):
        radius = float(min(side * 0.5, 4 / random.uniform(0.02, 1)))
        _shape(picture, random, centre=random.uniform(0, side, 2), radius=radius)
    light = 0.6 + 0.8 * _octaves(random, side)[..., None]
    return _bytes(picture * light)


def stripes(random: Generator, side: int) -> Picture:
    """Stripes or checks, straight or bent."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    angle, period = random.uniform(0, np.pi), random.uniform(5, 60)
    bend = _octaves(random, side) * random.choice([0.0, 40.0])
    along, across = x * np.cos(angle) + y * np.sin(angle) + bend, y * np.cos(angle) - x * np.sin(angle) + bend
    wave = np.sin(along * 2 * np.pi / period)
    if random.random() < 0.5:
        wave = wave * np.sin(across * 2 * np.pi / (period * random.uniform(0.5, 2)))
    share = np.clip(wave * random.choice([0.5, 4]) + 0.5, 0, 1)[..., None]
    return _bytes(colour(random) * share + colour(random) * (1 - share))


def writing(random: Generator, side: int) -> Picture:
    """Lines of letters and figures."""
    picture = gradient(random, side)
    for _ in range(int(random.integers(3, 16))):
        text = "".join(chr(code) for code in random.integers(48, 123, int(random.integers(2, 14))))
        at = (int(random.integers(-20, side)), int(random.integers(0, side)))
        font, scale = int(random.integers(0, 8)), float(random.uniform(0.4, 2.4))
        cv2.putText(picture, text, at, font, scale, colour(random).tolist(), int(random.integers(1, 5)), cv2.LINE_AA)
    return picture


def rounds(random: Generator, side: int) -> Picture:
    """Things that are round, shaded and rough, with rims and rings: what coins, plates and wheels have in common with some emoji."""
    picture = clouds(random, side).astype(np.float32)
    alike = random.uniform(5, side / 3) if random.random() < 0.5 else None
    for _ in range(int(random.integers(2, 16))):
        radius = int(alike or random.uniform(4, side / 3))
        y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32) / radius
        far = np.hypot(x, y * random.uniform(1, 1.6))
        light = 1 + random.uniform(-0.6, 0.6) * x + random.uniform(-0.6, 0.6) * y
        rings = 1 + random.uniform(0, 0.5) * np.sin(far * random.uniform(2, 25))
        spokes = 1 + random.choice([0, 0, 0.5]) * np.sin(np.arctan2(y, x) * int(random.integers(2, 12)))
        rough = 1 + random.uniform(0, 0.6) * (_octaves(random, 2 * radius + 1) - 0.5)
        hole = far < random.choice([0, 0, 0.3, 0.8])
        inside = np.clip((1 - far) * radius, 0, 1) * ~hole
        thing = colour(random) * (light * rings * spokes * rough)[..., None]
        _lay(picture, thing.astype(np.float32), inside.astype(np.float32), random)
    return _bytes(picture)


def coins(random: Generator, side: int) -> Picture:
    """Rows of discs with a relief, as of metal, lit from one side: many round things of one colour that are none of the classes."""
    picture = (clouds(random, side) * np.float32(random.uniform(0.3, 0.7))).astype(np.float32)
    metal, contrast = colour(random), random.uniform(0.5, 1.6)
    if random.random() < 0.6:
        metal = np.full(3, metal.mean(), np.float32)
    pitch = random.uniform(16, side / 3)
    for y in np.arange(random.uniform(-pitch, 0), side, pitch):
        for x in np.arange(random.uniform(-pitch, 0), side, pitch * random.uniform(1, 1.3)):
            radius = int(pitch * random.uniform(0.28, 0.48))
            disc, inside = _embossed(random, radius, contrast)
            at = (int(x), int(y)) if random.random() < 0.8 else tuple(int(value) for value in random.integers(0, side, 2))
            _lay_at(picture, metal * disc[..., None], inside, at)
    return _bytes(picture)


def _embossed(random: Generator, radius: int, contrast: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The light on a disc with a raised rim and something raised upon it, and where the disc is."""
    side = 2 * radius + 1
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32) / max(radius, 1)
    far = np.hypot(x, y)
    height = np.zeros((side, side), np.float32)
    for _ in range(int(random.integers(1, 7))):
        at = tuple(int(value) for value in random.normal(radius, radius / 4, 2))
        axes = tuple(int(value) for value in random.uniform(0.05, 0.5, 2) * radius + 1)
        cv2.ellipse(height, at, axes, float(random.uniform(0, 180)), 0, 360, float(random.uniform(0.3, 1)), -1, cv2.LINE_AA)
    height += 0.8 * (far > 0.85) + random.uniform(0, 0.8) * _octaves(random, side)
    height = cv2.GaussianBlur(height, (0, 0), max(0.5, radius / 20)).astype(np.float32)
    slope_y, slope_x = np.gradient(height)
    light = 1 + contrast * np.float32(radius / 8) * (
        slope_x * np.float32(random.uniform(-1, 1)) + slope_y * np.float32(random.uniform(-1, 1))
    )
    inside = np.clip((1 - far) * radius, 0, 1).astype(np.float32)
    return np.clip(light, 0.1, 2).astype(np.float32), inside


def cells(random: Generator, side: int) -> Picture:
    """Patches around random points, as of stones or crackle."""
    points = random.uniform(0, side, (int(random.integers(12, 160)), 2)).astype(np.float32)
    seeds = np.full((side, side), 255, np.uint8)
    seeds[tuple(points[:, ::-1].astype(int).T)] = 0
    distance, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.stack([colour(random) for _ in range(int(labels.max()) + 1)])
    shade = np.clip(1.1 - distance / (distance.max() + 1), 0.3, 1)[..., None]
    return _bytes(colours[labels] * shade)


def waves(random: Generator, side: int) -> Picture:
    """Sines across each other, a different one in each channel."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    channels = []
    for _ in range(3):
        (a, b, c, d), phase = random.uniform(-14, 14, 4), random.uniform(0, 6, 2)
        channels.append(np.sin(a * x + b * y + phase[0]) + np.sin(c * x * y * 3 + d * y + phase[1]))
    mixed = np.stack(channels, axis=-1) @ random.uniform(-0.6, 0.9, (3, 3))
    return _bytes(colour(random) + mixed * random.uniform(20, 60))


def lights(random: Generator, side: int) -> Picture:
    """Soft discs of light before a darker ground."""
    picture = clouds(random, side) * np.float32(0.6)
    for _ in range(int(random.integers(5, 40))):
        disc = np.zeros((side, side), np.float32)
        at = tuple(int(value) for value in random.integers(0, side, 2))
        cv2.circle(disc, at, int(random.integers(4, 40)), 1.0, -1, cv2.LINE_AA)
        picture += disc[..., None] * colour(random) * np.float32(random.uniform(0.1, 0.6))
    return _bytes(cv2.GaussianBlur(_bytes(picture), (0, 0), float(random.uniform(0.5, 3))))


def of_texture(picture: Picture) -> Draw:
    """Cut-outs of a real picture, in any scale and colour, either way round."""

    def draw(random: Generator, side: int) -> Picture:
        height, width = picture.shape[:2]
        part = int(min(height, width) * random.uniform(0.2, 1))
        y, x = int(random.integers(0, height - part + 1)), int(random.integers(0, width - part + 1))
        cut = cv2.resize(picture[y : y + part, x : x + part], (side, side), interpolation=cv2.INTER_AREA)
        turned = np.rot90(cut, int(random.integers(0, 4)))[:, :: int(random.choice([-1, 1]))]
        tint = colour(random) / 128 if random.random() < 0.5 else np.float32(1)
        return _bytes(turned * tint)

    return draw


TRAINING: tuple[Draw, ...] = (flat, gradient, clouds, leaves, leaves, leaves, stripes, writing)
HARD: tuple[Draw, ...] = (rounds, coins, coins)  # besides, once the model knows what an emoji is
HELD_OUT: tuple[Draw, ...] = (cells, waves, lights)


def any_of(draws: Sequence[Draw]) -> Draw:
    return lambda random, side: draws[int(random.integers(len(draws)))](random, side)


def _lay(picture: NDArray[np.float32], thing: NDArray[np.float32], inside: NDArray[np.float32], random: Generator) -> None:
    """Mix a thing into the picture at a place where it fits, or leave it out."""
    room = picture.shape[0] - thing.shape[0]
    if room > 0:
        x, y = (int(value) for value in random.integers(0, room, 2))
        _lay_at(picture, thing, inside, (x, y))


def _lay_at(picture: NDArray[np.float32], thing: NDArray[np.float32], inside: NDArray[np.float32], at: tuple[int, ...]) -> None:
    """Mix what is in the picture of a thing into it, with its upper left corner at x, y."""
    x, y = at
    left, top = max(0, -x), max(0, -y)
    under = picture[y + top : max(0, y + thing.shape[0]), x + left : max(0, x + thing.shape[1])]
    if under.size:
        part = np.s_[top : top + under.shape[0], left : left + under.shape[1]]
        under += (thing[part] - under) * inside[part][..., None]


def _bytes(values: NDArray[Any]) -> Picture:
    return np.asarray(np.clip(values, 0, 255), dtype=np.uint8)


def _octaves(random: Generator, side: int) -> NDArray[np.float32]:
    """Smooth noise in 0-1, of as many scales as chance wants."""
    total = np.zeros((side, side), np.float32)
    for octave in range(int(random.integers(1, 7))):
        coarse = random.random((2 + 2**octave, 2 + 2**octave), dtype=np.float32)
        total += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC) * np.float32(0.6**octave)
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def _shape(picture: Picture, random: Generator, *, centre: NDArray[np.float64], radius: float) -> None:
    """A disc, an ellipse, a polygon, a ring or a line."""
    fill, at = colour(random).tolist(), (int(centre[0]), int(centre[1]))
    kind = int(random.integers(5))
    if kind == 0:
        cv2.circle(picture, at, int(radius) + 1, fill, -1, cv2.LINE_AA)
    elif kind == 1:
        axes = (int(radius) + 1, int(radius * random.uniform(0.2, 1)) + 1)
        cv2.ellipse(picture, at, axes, float(random.uniform(0, 180)), 0, float(random.uniform(120, 360)), fill, -1, cv2.LINE_AA)
    elif kind == 2:
        angles = np.sort(random.uniform(0, 2 * np.pi, int(random.integers(3, 9))))
        corners = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(picture, [corners.astype(np.int32)], fill, cv2.LINE_AA)
    elif kind == 3:
        cv2.circle(picture, at, int(radius) + 1, fill, int(random.integers(1, 2 + int(radius / 3))), cv2.LINE_AA)
    else:
        end = (centre + radius * random.normal(0, 2, 2)).astype(int)
        cv2.line(picture, at, (int(end[0]), int(end[1])), fill, int(random.integers(1, 2 + int(radius / 4))), cv2.LINE_AA)
