"""From a photo's bytes to its pixels. The bytes are anybody's: whatever they are, there is an array or a PhotoUnreadable."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError, WebPImagePlugin

from detection.errors import PhotoUnreadable
from detection.prediction import Failure

# Pillow knows some forty formats; each is code that strangers' bytes would run through, so: those that photos come in.
# (A phone's MPO, which is a JPEG with more behind it, is opened as a JPEG.) Naming their classes imports them, which `open` doesn't.
FORMATS = [
    opener.format
    for opener in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
        GifImagePlugin.GifImageFile,
        BmpImagePlugin.BmpImageFile,
    )
]

# A photo of twice this and more is made smaller while it is decoded: no chat shows more pixels, and no model sees them, but a worker
# would hold a gigabyte.
LONGER_SIDE = 2560

ORIENTATION = 0x0112  # EXIF's tag, and what has to be done for each of its values (1: nothing)
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING = {Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_270, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_90}


def decode(data: bytes, *, max_pixels: int) -> NDArray[np.uint8]:
    """The photo as a person sees it: height × width × 3, RGB, EXIF orientation applied, transparency over white, of an
    animation the first picture. Its longer side is less than twice LONGER_SIDE: of a larger one each 2 × 2 or more pixels are one.

    Raises PhotoUnreadable, and nothing else. One of more than `max_pixels` is refused by its header, before it takes memory.
    """
    return decode_sized(data, max_pixels=max_pixels)[0]


def decode_sized(data: bytes, *, max_pixels: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The same, and the width and height in pixels that the photo has as a person sees it, before it is made smaller."""
    if not data:
        raise PhotoUnreadable(Failure.EMPTY, "0 bytes")
    with _translated(data), Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        width, height = picture.size
        if width * height > max_pixels:
            raise PhotoUnreadable(Failure.TOO_LARGE, f"{width}×{height} pixels, at most {max_pixels} are opened")
        # A JPEG can be read at a half, a quarter or an eighth of its size. (Other formats ignore this.)
        picture.draft(None, (width // _times_too_large(picture), height // _times_too_large(picture)))
        picture.load()
        turn = _turn(picture)
        size = (height, width) if turn in LYING else (width, height)
        return _pixels(picture if turn is None else picture.transpose(turn)), size


@contextmanager
def _translated(data: bytes) -> Iterator[None]:
    """Each of Pillow's many ways to fail as a PhotoUnreadable; its warnings, which are about the photo too, as nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except PhotoUnreadable:
        raise
    except UnidentifiedImageError:
        raise PhotoUnreadable(_unopened(data), f"{len(data)} bytes that begin with {data[:12]!r}") from None
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PhotoUnreadable(Failure.TOO_LARGE, str(error)) from error
    except Exception as error:  # damaged data reaches every corner of Pillow: OSError, SyntaxError, struct.error, zlib.error, …
        raise PhotoUnreadable(_unopened(data), f"{type(error).__name__}: {error}") from error


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """What has to be done to see it as a person does; None: nothing."""
    try:
        return UPRIGHT.get(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001  # damaged metadata fails in as many ways as a photo, and is no reason not to look at one
        return None


def _times_too_large(picture: Image.Image) -> int:
    return max(1, max(picture.size) // LONGER_SIDE)


def _pixels(picture: Image.Image) -> NDArray[np.uint8]:
    rgb = _rgb(picture)
    return np.asarray(rgb.reduce(_times_too_large(rgb)))


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip and not scale
        return Image.fromarray((np.asarray(picture) >> 8).clip(max=255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        over = picture.convert("RGBA")
        white = Image.new("RGB", picture.size, "white")
        white.paste(over, mask=over.getchannel("A"))
        return white
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _unopened(data: bytes) -> Failure:
    """What to say of bytes that Pillow found no photo in, or no whole one."""
    if _begins_like_a_photo(data):
        return Failure.DAMAGED
    return Failure.FORMAT if _is_other_picture(data) else Failure.NOT_A_PHOTO


def _begins_like_a_photo(data: bytes) -> bool:
    if data.startswith(b"BM"):  # so do texts; but a bitmap goes on with the length of its next header
        return int.from_bytes(data[14:18], "little") in (12, 40, 52, 56, 64, 108, 124)
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _is_other_picture(data: bytes) -> bool:
    """HEIC, AVIF and videos (a box called ftyp); TIFF and raw photos; Photoshop; PDF; icons; JPEG 2000 and XL; and SVG."""
    starts = (b"II*\0", b"MM\0*", b"8BPS", b"%PDF", b"\0\0\1\0", b"\0\0\0\x0cjP", b"\0\0\0\x0cJXL", b"\xff\x0a", b"FUJIFILM", b"%!PS")
    return data[4:8] == b"ftyp" or data.startswith(starts) or b"<svg" in data[:2048].lower()
