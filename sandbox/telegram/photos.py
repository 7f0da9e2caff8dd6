"""Photos as Telegram makes them of what is sent: upright, without metadata, JPEG, in several sizes. Pure."""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from sandbox.telegram.errors import ApiError, bad_request

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_WIDTH_PLUS_HEIGHT = 10_000
MAX_RATIO = 20
LONGEST_SIDES = (90, 320, 800, 1280)
THUMBNAIL_SIDE = 320
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")

# Our own limit on width and height is stricter, and looked at before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class Rendition:
    """One size of a photo."""

    width: int
    height: int
    data: bytes


def renditions(data: bytes) -> list[Rendition]:
    """The sizes of a photo, ascending, the last at most 1280 on its longest side. Raises ApiError 400 where Telegram takes no photo."""
    image = _decoded(data)
    longest = max(image.size)
    sides = [side for side in LONGEST_SIDES if side < longest]
    return [_resized(image, side) for side in [*sides, longest] if side <= LONGEST_SIDES[-1]]


def thumbnail(data: bytes) -> Rendition | None:
    """The small picture that Telegram shows beside a file; None where the file is no picture it can read."""
    try:
        return _resized(_decoded(data), THUMBNAIL_SIDE)
    except ApiError:
        return None


def _decoded(data: bytes) -> Image.Image:
    if len(data) > MAX_PHOTO_BYTES:
        raise bad_request(f"file of size {len(data)} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_dimensions(*image.size)
            return _flat(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise bad_request("IMAGE_PROCESS_FAILED") from error


def _check_dimensions(width: int, height: int) -> None:
    if width + height > MAX_WIDTH_PLUS_HEIGHT or max(width, height) > MAX_RATIO * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _flat(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(paper, layer).convert("RGB")


def _resized(image: Image.Image, side: int) -> Rendition:
    copy = image.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    copy.save(buffer, "JPEG", quality=87, optimize=True)
    return Rendition(*copy.size, buffer.getvalue())
