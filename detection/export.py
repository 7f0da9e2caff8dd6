"""A filtered set with its photos, as one ZIP that is never whole anywhere: it is sent while it is made, one photo at a time."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO

from zipstream import ZipStream, ZipStreamInfo  # type: ignore[import-untyped]  # it has no types

from detection import listing, photos
from detection.clock import now
from detection.errors import PhotoMissing
from detection.export_formats import FORMATS
from detection.filters import Filters, to_query
from detection.prediction import Prediction, Status

CHUNK = 256 * 1024  # bytes that are handed on at least, but for the last ones

NOT_DONE = "not looked at: QUEUED or FAILED"
NO_PHOTO = "photo gone: erased, or expired"
NO_SIZE = "size of the photo not known: looked at before sizes were kept"

_README = """Photos with what was found in them, written {at:%Y-%m-%d %H:%M:%S} UTC: {count}.
Filters: {filters}.
Left out: {left_out}.

Boxes are those of the photo as a person sees it, with its EXIF orientation applied; so are widths and heights.
The photos are as they were received: a program that ignores their EXIF orientation will see some of them turned.
They are people's own photos. Keep them no longer than you need them.
"""


@dataclass(slots=True)
class Tally:
    """How far an export has come: photos that are in it, and predictions that were left out, by reason."""

    photos: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def left_out_text(self) -> str:
        return "; ".join(f"{count} {reason}" for reason, count in self.left_out.items()) or "none"


def export(filters: Filters, kind: str, tally: Tally) -> Iterator[bytes]:
    """The ZIP of all that these filters want, newest first, in one of FORMATS; `tally` is kept up to date meanwhile.

    Raises Unavailable in the middle where AWS is away: what was sent until then is then no whole ZIP, and no program takes it for one.
    """
    return _in_chunks(zipped(_with_photos(filters, kind, tally), kind, tally, about=filters_text(filters)))


def filters_text(filters: Filters) -> str:
    """The filters for a person to read."""
    return ", ".join(f"{name} {value}" for name, value in to_query(filters).items()) or "none"


def zipped(found: Iterable[tuple[Prediction, bytes]], kind: str, tally: Tally, *, about: str) -> Iterator[bytes]:
    """The ZIP of these photos and their predictions. What it keeps of each until its end is in temporary files."""
    with ExitStack() as stack:

        def temporary() -> IO[str]:
            return stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline=""))

        archive = ZipStream()
        # A ZIP ends with a list of its files. The library keeps it in memory, nearly a kilobyte for each, and has no other place for it.
        archive._filelist = _Directory(stack.enter_context(tempfile.TemporaryFile()))  # noqa: SLF001
        notes = FORMATS[kind](temporary)
        for prediction, photo in found:
            name = prediction.prediction_id + suffix(photo)
            yield from _file(archive, f"images/{name}", photo)
            for path, text in notes.add(prediction, name):
                yield from _file(archive, path, text.encode())
            tally.photos += 1
        for path, pieces in notes.files():
            yield from _file(archive, path, (piece.encode() for piece in pieces))
        yield from _file(archive, "README.txt", _readme(tally, about, now()).encode())
        yield from archive.footer()


def suffix(photo: bytes) -> str:
    """What the name of a file with these bytes ends with.

    >>> suffix(b"GIF89a..."), suffix(b"")
    ('.gif', '.jpg')
    """
    if photo[:4] == b"RIFF" and photo[8:12] == b"WEBP":
        return ".webp"
    starts = {b"\x89PNG": ".png", b"GIF8": ".gif", b"BM": ".bmp"}
    return next((end for start, end in starts.items() if photo.startswith(start)), ".jpg")


def _with_photos(filters: Filters, kind: str, tally: Tally) -> Iterator[tuple[Prediction, bytes]]:
    for prediction in _all(filters):
        if prediction.status is not Status.DONE:
            tally.left_out[NOT_DONE] += 1
        elif FORMATS[kind].needs_size and (prediction.width is None or prediction.height is None):
            tally.left_out[NO_SIZE] += 1
        else:
            try:
                yield prediction, photos.get(prediction.photo_key)
            except PhotoMissing:
                tally.left_out[NO_PHOTO] += 1


def _all(filters: Filters) -> Iterator[Prediction]:
    """Page after page, to the oldest."""
    page = listing.page(filters)
    yield from page.predictions
    while page.older:
        page = listing.page(filters, cursor=page.older)
        yield from page.predictions


def _readme(tally: Tally, about: str, at: datetime) -> str:
    return _README.format(count=tally.photos, at=at, filters=about, left_out=tally.left_out_text())


def _file(archive: ZipStream, path: str, data: bytes | Iterable[bytes]) -> Iterator[bytes]:
    archive.add(data, path)
    yield from archive.all_files()


def _in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


class _Directory:
    """In the place of the library's list of files: each is written to a temporary file as it will stand at the ZIP's end."""

    def __init__(self, entries: IO[bytes]) -> None:
        self._entries = entries
        self._count = 0

    def append(self, file: ZipStreamInfo) -> None:
        self._entries.write(file._central_directory_header_data())  # noqa: SLF001
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[_Piece]:
        self._entries.seek(0)
        while piece := self._entries.read(CHUNK):
            yield _Piece(piece)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some of the list's bytes, under the name by which the library asks a file for its own."""

    data: bytes

    def _central_directory_header_data(self) -> bytes:
        return self.data
