"""Pictures that are composed: the same each time, with a box around each object and around nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detection.model.demo import backgrounds, drawing
from detection.model.demo.backgrounds import Draw, Picture
from detection.model.demo.classes import CLASSES, NAMES, is_like_a_class
from detection.model.demo.compose import Recipe, Scene, compose
from detection.model.demo.emoji import EmojiSet
from tests.detection.model.demo.toys import disc, toys


def black(_: np.random.Generator, side: int) -> Picture:
    return np.zeros((side, side, 3), np.uint8)


WHITE_ON_BLACK = Recipe(
    sets=[EmojiSet("white", (disc((255, 255, 255)),) * len(NAMES), ())],
    backgrounds=[black],
    side=160,
    seed=7,
    sizes=(30, 60),
    objects=(1, 1),
    empty=0,
)


def bright(scene: Scene) -> tuple[int, int, int, int]:
    """Where the picture is bright: x1, y1, x2, y2."""
    rows, columns = np.nonzero(scene.picture.min(axis=2) > 80)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_the_same_seed_and_index_give_the_same_picture() -> None:
    recipe = Recipe(sets=[toys()], backgrounds=backgrounds.TRAINING, side=96, seed=3, sizes=(18, 60))
    one, again, other, elsewhere = compose(recipe, 5), compose(recipe, 5), compose(recipe, 6), compose(replace(recipe, seed=4), 5)
    assert np.array_equal(one.picture, again.picture)
    assert np.array_equal(one.boxes, again.boxes)
    assert np.array_equal(one.classes, again.classes)
    assert not np.array_equal(one.picture, other.picture)
    assert not np.array_equal(one.picture, elsewhere.picture)


@pytest.mark.parametrize("index", range(20))
def test_a_box_is_where_its_object_is(index: int) -> None:
    scene = compose(WHITE_ON_BLACK, index)
    if len(scene.boxes):  # an object that is squeezed below the least size is left out
        assert np.abs(scene.boxes[0] - bright(scene)).max() <= 3


def test_most_pictures_have_their_object() -> None:
    assert sum(len(compose(WHITE_ON_BLACK, index).boxes) for index in range(20)) >= 15


def test_boxes_are_inside_and_as_large_as_was_asked() -> None:
    recipe = Recipe(sets=[toys()], backgrounds=[black], side=128, seed=1, sizes=(28, 70), objects=(6, 6), empty=0)
    boxes = np.concatenate([compose(recipe, index).boxes for index in range(30)])
    sides = boxes[:, 2:] - boxes[:, :2]
    assert len(boxes) > 60
    assert boxes.min() >= 0
    assert boxes.max() <= 128
    assert sides.max(axis=1).min() >= 28 * 0.6  # the part that is inside
    assert sides.max() <= 128


def test_every_class_comes_and_an_empty_picture_has_none() -> None:
    recipe = Recipe(sets=[toys()], backgrounds=[black], side=128, seed=1, sizes=(20, 40), objects=(6, 6))
    assert {int(index) for number in range(40) for index in compose(recipe, number).classes} == set(range(len(NAMES)))
    assert all(len(compose(replace(recipe, empty=1), number).boxes) == 0 for number in range(5))


@pytest.mark.parametrize(
    "draw", [*dict.fromkeys(backgrounds.TRAINING), backgrounds.rounds, *backgrounds.HELD_OUT], ids=lambda draw: draw.__name__
)
def test_each_background_is_a_picture_that_chance_changes(draw: Draw) -> None:
    one, same, other = (draw(np.random.default_rng(seed), 64) for seed in (1, 1, 2))
    assert one.shape == (64, 64, 3)
    assert one.dtype == np.uint8
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_evaluation_has_backgrounds_of_its_own() -> None:
    assert not set(backgrounds.TRAINING) & set(backgrounds.HELD_OUT)


def test_ink_draws_lines_along_edges() -> None:
    plain = disc((250, 40, 40), side=160)
    inked = drawing.inked(plain, np.random.default_rng(1))
    solid = inked[..., 3] > 200
    assert inked[..., :3][solid].min() < 60 < plain[..., :3][solid].max()
    assert solid.sum() >= (plain[..., 3] > 200).sum()


def test_the_classes_are_cocos_and_never_among_what_is_none_of_them() -> None:
    assert 20 <= len(CLASSES) <= 24
    assert all(is_like_a_class(icon) for _, icon in CLASSES.values())
