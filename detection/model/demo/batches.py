"""Batches of composed pictures, made by processes of their own while the training runs. The order is that of the indices, always."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.model.demo import backgrounds, drawing, photographs
from detection.model.demo.compose import Recipe, compose
from detection.model.demo.emoji import MAIN, EmojiSet

AHEAD = 6  # batches made before they are asked for
FOREMOST = 3  # times as often as another set: one of those that the model is for
ODD_COLOURS = 0.1
HARD_EMPTY = 0.3  # of the hard pictures: without any object
LAG = 16  # batches until one comes again


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures (n × side × side × RGB), and for each object: which picture, class, centre and size in 0-1, as YOLOv5's loss wants them."""

    pictures: NDArray[np.uint8]
    targets: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Order:
    """A batch that is wanted: its first picture's index, how many, their side, and the size and number of the objects in them."""

    first: int
    count: int
    side: int
    sizes: tuple[float, float]
    objects: tuple[int, int]
    is_hard: bool = False  # with more that is none of the objects, and more like them


def batches(orders: list[Order], *, sets: tuple[EmojiSet, ...], seed: int, processes: int) -> Iterator[Batch]:
    """What is ordered, in that order, and each batch once more later as in a mirror: composing costs as much as learning."""
    earlier: deque[Batch] = deque()
    for batch in _composed(orders, sets=sets, seed=seed, processes=processes):
        yield batch
        earlier.append(batch)
        if len(earlier) > LAG:
            yield mirrored(earlier.popleft())
    yield from map(mirrored, earlier)


def mirrored(batch: Batch) -> Batch:
    """The batch with left and right exchanged."""
    targets = batch.targets.copy()
    targets[:, 2] = 1 - targets[:, 2]
    return Batch(np.ascontiguousarray(batch.pictures[:, :, ::-1]), targets)


def _composed(orders: list[Order], *, sets: tuple[EmojiSet, ...], seed: int, processes: int) -> Iterator[Batch]:
    context = multiprocessing.get_context("spawn")  # torch's threads don't survive a fork
    waiting: deque[Future[Batch]] = deque()
    with ProcessPoolExecutor(processes, context, initializer=_prepare, initargs=(sets, seed)) as pool:
        for order in orders:
            waiting.append(pool.submit(_made, order))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def training_recipes(sets: tuple[EmojiSet, ...], *, seed: int) -> tuple[Recipe, Recipe]:
    """The ordinary one and the hard one; the orders say the rest."""
    textures = [backgrounds.of_texture(picture) for picture in photographs.training_textures()]
    grounds = (*backgrounds.TRAINING, backgrounds.any_of(textures), backgrounds.any_of(textures))
    inked = [drawing.with_ink(emoji) for emoji in sets]
    weighted = [emoji for emoji in inked for _ in range(FOREMOST if emoji.name in MAIN else 1)]
    ordinary = Recipe(sets=weighted, backgrounds=grounds, side=320, seed=seed, sizes=(18, 190), odd_colours=ODD_COLOURS)
    photos = backgrounds.any_of([backgrounds.of_texture(picture) for picture in photographs.hard_textures()])
    return ordinary, replace(ordinary, backgrounds=(*grounds, *backgrounds.HARD, photos, photos), empty=HARD_EMPTY)


_recipes: tuple[Recipe, Recipe] | None = None  # of this process


def _prepare(sets: tuple[EmojiSet, ...], seed: int) -> None:
    global _recipes  # noqa: PLW0603  # a process of a pool has no other place for what it keeps
    cv2.setNumThreads(1)
    _recipes = training_recipes(sets, seed=seed)


def _made(order: Order) -> Batch:
    assert _recipes is not None  # noqa: S101  # _prepare comes first
    recipe = replace(_recipes[order.is_hard], side=order.side, sizes=order.sizes, objects=order.objects)
    scenes = [compose(recipe, order.first + offset) for offset in range(order.count)]
    rows = [_targets(number, scene.boxes / order.side, scene.classes) for number, scene in enumerate(scenes)]
    return Batch(np.stack([scene.picture for scene in scenes]), np.concatenate(rows))


def _targets(number: int, boxes: NDArray[np.floating], classes: NDArray[np.int64]) -> NDArray[np.float32]:
    """A row of picture, class, x, y, width and height for each box."""
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    return np.column_stack([np.full(len(boxes), number), classes, centre, size]).astype(np.float32)
