"""Photos that are hard to look at, made from a real one. Each function takes a JPEG's bytes, or nothing, and returns a file's bytes."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image

from detection.prediction import Failure

Make = Callable[[bytes], bytes]


def empty(_: bytes = b"") -> bytes:
    return b""


def text(_: bytes = b"") -> bytes:
    """A text file; call it photo.jpg."""
    return b"Dear bot, this is not a photo.\n" * 20


def truncated(photo: bytes) -> bytes:
    return photo[: len(photo) // 2]


def heavy(photo: bytes, *, size: int = 25_000_000) -> bytes:
    """The photo with so much behind its end that the file has `size` bytes: more than Telegram gives to a bot."""
    return photo + b"\0" * (size - len(photo))


def huge_png(_: bytes = b"", *, width: int = 20_000, height: int = 20_000) -> bytes:
    """So many pixels in a small file: a whole and valid PNG in one colour, of one bit a pixel."""
    row = b"\0" + b"\0" * -(-width // 8)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def huge_jpeg(photo: bytes) -> bytes:
    """A JPEG whose header says 65500×65500."""
    data = bytearray(photo)
    at = next(data.find(bytes([0xFF, marker])) for marker in (0xC0, 0xC2) if bytes([0xFF, marker]) in data)
    data[at + 5 : at + 9] = struct.pack(">HH", 65_500, 65_500)
    return bytes(data)


def heic(_: bytes = b"") -> bytes:
    """How a HEIC file begins, which is all that is looked at."""
    return struct.pack(">I", 24) + b"ftypheic" + b"\0\0\0\0" + b"mif1heic" + b"\0" * 500


def svg(_: bytes = b"") -> bytes:
    return b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>\n'


def pdf(_: bytes = b"") -> bytes:
    return b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def animated_gif(photo: bytes) -> bytes:
    """Three pictures, the photo first and two in one colour after it."""
    first = _opened(photo).convert("P", palette=Image.Palette.ADAPTIVE)
    others = [Image.new("P", first.size, colour) for colour in (3, 200)]
    return _saved(first, "GIF", save_all=True, append_images=others, duration=100, loop=0)


def webp(photo: bytes) -> bytes:
    return _saved(_opened(photo), "WEBP", quality=90)


def animated_webp(photo: bytes) -> bytes:
    first = _opened(photo)
    return _saved(first, "WEBP", quality=90, save_all=True, append_images=[Image.new("RGB", first.size, "red")], duration=100)


def png(photo: bytes) -> bytes:
    return _saved(_opened(photo), "PNG", compress_level=1)


def bmp(photo: bytes) -> bytes:
    return _saved(_opened(photo), "BMP")


def progressive(photo: bytes) -> bytes:
    return _saved(_opened(photo), "JPEG", quality=92, progressive=True)


def mpo(photo: bytes) -> bytes:
    """What some phones and stereo cameras store: a JPEG with a second one behind it."""
    return _saved(_opened(photo), "MPO", quality=92, save_all=True, append_images=[Image.new("RGB", (64, 64), "red")])


def cmyk(photo: bytes) -> bytes:
    return _saved(_opened(photo).convert("CMYK"), "JPEG", quality=92)


def grey(photo: bytes) -> bytes:
    return _saved(_opened(photo).convert("L"), "JPEG", quality=92)


def one_bit(photo: bytes) -> bytes:
    return _saved(_opened(photo).convert("1"), "PNG")


def sixteen_bit(photo: bytes) -> bytes:
    """A PNG with 16 bits of grey a pixel."""
    return _saved(_opened(photo).convert("L").convert("I").point(lambda value: value * 257).convert("I;16"), "PNG")


def palette_with_transparency(photo: bytes) -> bytes:
    """A PNG of 255 colours, with the upper left quarter transparent."""
    picture = _opened(photo).quantize(255)
    picture.putpalette([*(picture.getpalette() or [])[: 3 * 255], 0, 0, 0])
    picture.paste(255, (0, 0, picture.width // 2, picture.height // 2))
    return _saved(picture, "PNG", transparency=255)


def one_pixel(_: bytes = b"") -> bytes:
    return _saved(Image.new("RGB", (1, 1), "red"), "PNG")


def long_and_thin(_: bytes = b"") -> bytes:
    """65535×1 pixels."""
    return _saved(Image.new("RGB", (65_535, 1), "red"), "PNG")


def rotated(photo: bytes, *, orientation: int = 6) -> bytes:
    """The photo stored as a camera held in another way stores it, and EXIF's word for how: shown, it is the photo again."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    picture = _opened(photo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _saved(picture if undo is None else picture.transpose(undo), "JPEG", quality=95, exif=exif)


# Those that are a photo all the same, and are looked at; and those that are not, and what is said of each.
READABLE: dict[str, Make] = {
    "animated GIF": animated_gif,
    "WebP": webp,
    "animated WebP": animated_webp,
    "PNG": png,
    "BMP": bmp,
    "progressive": progressive,
    "MPO": mpo,
    "CMYK": cmyk,
    "grey": grey,
    "1 bit": one_bit,
    "16 bits": sixteen_bit,
    "palette with transparency": palette_with_transparency,
    "1×1": one_pixel,
    "65535×1": long_and_thin,
    "rotated by EXIF": rotated,
}
UNREADABLE: dict[str, tuple[Make, Failure]] = {
    "empty": (empty, Failure.EMPTY),
    "text named .jpg": (text, Failure.NOT_A_PHOTO),
    "truncated": (truncated, Failure.DAMAGED),
    "20000×20000": (huge_png, Failure.TOO_LARGE),
    "65500×65500": (huge_jpeg, Failure.TOO_LARGE),
    "HEIC": (heic, Failure.FORMAT),
    "SVG": (svg, Failure.FORMAT),
    "PDF": (pdf, Failure.FORMAT),
}


def _opened(photo: bytes) -> Image.Image:
    return Image.open(io.BytesIO(photo)).convert("RGB")


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
