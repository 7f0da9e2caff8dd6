"""Emoji as pictures: from Debian's colour font, and from the icon sets of the npm registry."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detection.model.demo.classes import CLASSES, is_like_a_class
from detection.model.errors import ModelError

Picture = NDArray[np.uint8]  # height × width × RGBA; as emoji are drawn, not multiplied by their alpha

SIDE, OTHER_SIDE = 160, 96  # pixels; of the classes' pictures, and of the others'
OTHERS = 240  # of each set
FONT_SIZE = 109  # the one size that Noto Color Emoji has its pictures in
FONT_CANVAS = (136, 128)

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
MAIN = ("noto", "twemoji")  # what the model is for: it has to know these two
TRAINED = (*MAIN, "fluent-emoji-flat", "emojione", "noto-v1")  # the others widen its idea of each thing
UNSEEN = "openmoji"


@dataclass(frozen=True, slots=True)
class EmojiSet:
    """One style of emoji: of each class a picture (`None` where the set has none), in the order of the classes, and others."""

    name: str
    objects: tuple[Picture | None, ...]
    others: tuple[Picture, ...]
    inked: tuple[tuple[Picture, ...], ...] = ()  # drawings of the objects, where the set is for training
    inked_others: tuple[Picture, ...] = ()


def load(name: str, *, icons: Path, font: Path = FONT) -> EmojiSet:
    """The set of this name: `noto` from the font, any other from `icons`/NAME.json. Raises ModelError where that is missing."""
    return from_font(name, font) if name == "noto" else from_icons(name, icons / f"{name}.json")


def from_font(name: str, font: Path) -> EmojiSet:
    """The emoji of a font that holds them as pictures of one size."""
    try:
        loaded = ImageFont.truetype(font, FONT_SIZE)
    except OSError as error:
        raise ModelError(f"{font} can't be read ({error}). Install it: apt-get install fonts-noto-color-emoji") from None

    def draw(character: str, side: int) -> Picture | None:
        canvas = Image.new("RGBA", FONT_CANVAS)
        ImageDraw.Draw(canvas).text((0, 0), character, font=loaded, embedded_color=True)
        return _squared(np.asarray(canvas), side)

    signs = [chr(code) for code in (*range(0x1F300, 0x1F650), *range(0x1F680, 0x1F6D0), *range(0x1F900, 0x1FA70))]
    others = [sign for sign in signs if (label := unicodedata.name(sign, "")) and not is_like_a_class(label)]
    return EmojiSet(name, tuple(draw(sign, SIDE) for sign, _ in CLASSES.values()), _others(others, draw))


def from_icons(name: str, path: Path) -> EmojiSet:
    """The emoji of an icon set in Iconify's JSON."""
    try:
        icons = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} can't be read ({error}). bin/demo-model fetches it from the npm registry.") from None

    def draw(icon: str, side: int) -> Picture | None:
        body = _icon(icons, icon)
        return None if body is None else _rasterised(body, icons, side)

    others = [icon for icon in icons["icons"] if not is_like_a_class(icon)]
    return EmojiSet(name, tuple(draw(icon, SIDE) for _, icon in CLASSES.values()), _others(others, draw))


def _others(names: Iterable[str], draw: Callable[[str, int], Picture | None]) -> tuple[Picture, ...]:
    """Pictures of some of these, spread evenly over the list."""
    listed = list(names)
    chosen = listed[:: max(1, len(listed) // OTHERS)][:OTHERS]
    return tuple(picture for name in chosen if (picture := draw(name, OTHER_SIDE)) is not None)


def _icon(icons: dict[str, Any], name: str) -> dict[str, Any] | None:
    while name in icons.get("aliases", {}):
        name = icons["aliases"][name]["parent"]
    found: dict[str, Any] | None = icons["icons"].get(name)
    return found


def _rasterised(icon: dict[str, Any], icons: dict[str, Any], side: int) -> Picture | None:
    import resvg_py  # only `make demo-model` installs it

    left, top, width, height = (icon.get(key, icons.get(key, standard)) for key, standard in _VIEW.items())
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}" width="{2 * side}" height="{2 * side}">{icon["body"]}</svg>'
    )
    encoded = np.frombuffer(bytes(resvg_py.svg_to_bytes(svg_string=svg)), np.uint8)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    return None if decoded is None else _squared(cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA), side)


_VIEW = {"left": 0, "top": 0, "width": 16, "height": 16}  # Iconify's own


def _squared(drawn: NDArray[Any], side: int) -> Picture | None:
    """What is drawn, cut out and fitted into a square with a margin of a few pixels; None of nothing."""
    rows, columns = np.nonzero(drawn[..., 3] > 20)
    if not len(rows):
        return None
    cut = drawn[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = (side - 8) / max(cut.shape[:2])
    width, height = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    # Resized with its colours multiplied by alpha, or the edges take on the colour of what can't be seen.
    alpha = cut[..., 3:].astype(np.float32) / 255
    resized = cv2.resize(np.dstack([cut[..., :3] * alpha, alpha * 255]), (width, height), interpolation=cv2.INTER_AREA)
    colours = resized[..., :3] / np.maximum(resized[..., 3:] / 255, 1e-3)
    square = np.zeros((side, side, 4), np.uint8)
    y, x = (side - height) // 2, (side - width) // 2
    square[y : y + height, x : x + width] = np.clip(np.dstack([colours, resized[..., 3]]), 0, 255)
    return square
