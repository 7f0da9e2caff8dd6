"""Whatever the bytes are, decode returns the photo as a person sees it or says what is wrong with it."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage import data as samples

from detection.decode import decode
from detection.errors import PhotoUnreadable
from detection.prediction import Failure
from tests import photos

MAX_PIXELS = 50_000_000


def jpeg(pixels: NDArray[np.uint8], **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95, **options)
    return file.getvalue()


CAT: NDArray[np.uint8] = samples.chelsea()  # type: ignore[no-untyped-call]
CAT_JPEG = jpeg(CAT)
SMALL_JPEG = jpeg(CAT[100:164, 100:196])


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The mean difference of two photos of the same size, in grey levels."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


def test_a_jpeg_is_rgb_and_upright() -> None:
    photo = decode(CAT_JPEG, max_pixels=MAX_PIXELS)
    assert photo.dtype == np.uint8
    assert apart(photo, CAT) < 2


@pytest.mark.parametrize("name", sorted(photos.READABLE))
def test_hard_ones_are_looked_at(name: str) -> None:
    photo = decode(photos.READABLE[name](CAT_JPEG), max_pixels=MAX_PIXELS)
    assert photo.dtype == np.uint8
    assert photo.ndim == 3
    assert photo.shape[2] == 3
    assert photo.flags["C_CONTIGUOUS"]
    assert max(photo.shape) < 5120


@pytest.mark.parametrize("name", ["animated GIF", "WebP", "animated WebP", "PNG", "BMP", "progressive", "MPO", "CMYK", "rotated by EXIF"])
def test_the_same_photo_in_another_format_is_the_same_photo(name: str) -> None:
    assert apart(decode(photos.READABLE[name](CAT_JPEG), max_pixels=MAX_PIXELS), CAT) < 8


@pytest.mark.parametrize("name", ["grey", "16 bits"])
def test_grey_is_grey_in_all_its_depths(name: str) -> None:
    grey = np.asarray(Image.fromarray(CAT).convert("L"))
    photo = decode(photos.READABLE[name](CAT_JPEG), max_pixels=MAX_PIXELS)
    assert apart(photo, np.repeat(grey[:, :, None], 3, axis=2)) < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_applied(orientation: int) -> None:
    assert apart(decode(photos.rotated(CAT_JPEG, orientation=orientation), max_pixels=MAX_PIXELS), CAT) < 3


def test_transparency_lies_over_white() -> None:
    photo = decode(photos.palette_with_transparency(CAT_JPEG), max_pixels=MAX_PIXELS)
    height, width = photo.shape[0] // 2, photo.shape[1] // 2
    assert (photo[:height, :width] == 255).all()
    assert apart(photo[height:, width:], CAT[height:, width:]) < 8


@pytest.mark.parametrize("name", sorted(photos.UNREADABLE))
def test_each_bad_one_is_refused_for_its_reason(name: str) -> None:
    make, failure = photos.UNREADABLE[name]
    with pytest.raises(PhotoUnreadable) as refused:
        decode(make(CAT_JPEG), max_pixels=MAX_PIXELS)
    assert refused.value.failure is failure


def test_a_photo_with_junk_behind_its_end_is_a_photo() -> None:
    assert apart(decode(photos.heavy(CAT_JPEG), max_pixels=MAX_PIXELS), CAT) < 2


def test_the_limit_of_pixels_is_inclusive() -> None:
    pixels = CAT.shape[0] * CAT.shape[1]
    assert decode(CAT_JPEG, max_pixels=pixels).shape == CAT.shape
    with pytest.raises(PhotoUnreadable) as refused:
        decode(CAT_JPEG, max_pixels=pixels - 1)
    assert refused.value.failure is Failure.TOO_LARGE


@pytest.mark.parametrize(
    ("kind", "size", "expected"),
    [
        ("JPEG", (5119, 300), (5119, 300)),
        ("JPEG", (5120, 300), (2560, 150)),
        ("JPEG", (300, 8000), (150, 4000)),
        ("PNG", (5119, 300), (5119, 300)),
        ("PNG", (5120, 300), (2560, 150)),
        ("PNG", (300, 8000), (100, 2667)),
        ("GIF", (300, 8000), (100, 2667)),
    ],
)
def test_what_no_chat_can_show_is_made_smaller(kind: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.fromarray(CAT).resize(size).save(file, kind)
    photo = decode(file.getvalue(), max_pixels=MAX_PIXELS)
    assert (photo.shape[1], photo.shape[0]) == expected
    small = np.asarray(Image.fromarray(CAT).resize(expected))
    assert apart(photo, small) < 12


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b"\xff\xd8\xff\xe0", Failure.DAMAGED),
        (b"\x89PNG\r\n\x1a\n", Failure.DAMAGED),
        (b"GIF89a", Failure.DAMAGED),
        (b"RIFF\0\0\0\0WEBPVP8 ", Failure.DAMAGED),
        (b"BM is how this text begins", Failure.NOT_A_PHOTO),
        (b"\0", Failure.NOT_A_PHOTO),
        (b"\0\0\0\x1cftypavif", Failure.FORMAT),
        (b"II*\0\x08\0\0\0", Failure.FORMAT),
    ],
)
def test_beginnings(data: bytes, failure: Failure) -> None:
    with pytest.raises(PhotoUnreadable) as refused:
        decode(data, max_pixels=MAX_PIXELS)
    assert refused.value.failure is failure


def test_a_bomb_in_a_png_comment_is_refused() -> None:
    bomb = b"Comment\0\0" + zlib.compress(b"a" * 80_000_000)
    chunk = struct.pack(">I", len(bomb)) + b"zTXt" + bomb + struct.pack(">I", zlib.crc32(b"zTXt" + bomb))
    png = photos.png(CAT_JPEG)
    with pytest.raises(PhotoUnreadable) as refused:
        decode(png[:33] + chunk + png[33:], max_pixels=MAX_PIXELS)
    assert refused.value.failure is Failure.DAMAGED


def test_damaged_metadata_is_no_reason_not_to_look() -> None:
    damaged = jpeg(CAT, exif=b"Exif\0\0MM\0*\0\0\0\x08" + b"\xff" * 40)
    assert apart(decode(damaged, max_pixels=MAX_PIXELS), CAT) < 2


def check_any(data: bytes) -> None:
    try:
        photo = decode(data, max_pixels=1_000_000)
    except PhotoUnreadable:
        return
    assert photo.dtype == np.uint8
    assert photo.ndim == 3


VICTIMS = [SMALL_JPEG, *(photos.READABLE[name](SMALL_JPEG) for name in sorted(photos.READABLE) if "×" not in name)]


@settings(max_examples=200, deadline=None)
@given(victim=st.sampled_from(VICTIMS), cut=st.floats(0, 1))
def test_photos_cut_anywhere(victim: bytes, cut: float) -> None:
    check_any(victim[: int(cut * len(victim))])


@settings(max_examples=500, deadline=None)
@given(
    victim=st.sampled_from(VICTIMS),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=20),
)
def test_photos_with_flipped_bytes(victim: bytes, flips: list[tuple[float, int]]) -> None:
    data = bytearray(victim)
    for where, value in flips:
        # Squared, since what is near the beginning decides most.
        data[int(where**2 * len(data))] ^= value
    check_any(bytes(data))


@given(data=st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    check_any(data)


def test_memory_comes_back_and_nothing_is_said(tmp_path: Path) -> None:
    """In a process of its own: each bad photo 20 times, then memory is where it was, and stderr is empty."""
    folder = tmp_path / "photos"
    folder.mkdir()
    everything = [make(CAT_JPEG) for make, _ in photos.UNREADABLE.values()] + [make(CAT_JPEG) for make in photos.READABLE.values()]
    for number, data in enumerate([*everything, huge_webp()]):
        (folder / str(number)).write_bytes(data)
    program = textwrap.dedent(
        """
        import re, sys
        from pathlib import Path
        from detection.decode import decode
        from detection.errors import PhotoUnreadable

        def megabytes(what):
            return int(re.search(what + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e3

        def look_at_all():
            for path in sorted(Path(sys.argv[1]).iterdir()):
                try:
                    decode(path.read_bytes(), max_pixels=50_000_000)
                except PhotoUnreadable:
                    pass

        look_at_all()
        before = megabytes("VmRSS")
        for _ in range(20):
            look_at_all()
        print(before, megabytes("VmRSS"), megabytes("VmHWM"))
        """
    )
    run = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True, timeout=100)
    before, after, peak = map(float, run.stdout.split())
    assert run.stderr == ""
    assert after < before + 20
    assert peak < 150


def huge_webp() -> bytes:
    """A WebP that says it is 16383×16383: as a canvas for animation that is 1 GB, twice."""
    data = bytearray(photos.animated_webp(SMALL_JPEG))
    at = data.find(b"VP8X")
    data[at + 12 : at + 18] = (16_382).to_bytes(3, "little") * 2
    return bytes(data)
