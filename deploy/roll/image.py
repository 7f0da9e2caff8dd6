"""The image that is rolled out: by its digest, so that every instance gets the same bytes."""

from __future__ import annotations

import argparse
import re

_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}")
_LINE = re.compile(r"^IMAGE=(.*)$", re.MULTILINE)


def by_digest(text: str) -> str:
    """An argument that names an image by its digest. Raises ArgumentTypeError for anything else."""
    if not _IMAGE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no image by digest: it has to read repository@sha256: and 64 hexadecimal digits")
    return text


def short(image: str) -> str:
    """The image as a person reads it.

    >>> short("me/polybot@sha256:" + "0123456789abcdef" * 4)
    'me/polybot@0123456789ab'
    """
    repository, _, digest = image.partition("@sha256:")
    return f"{repository}@{digest[:12]}" if digest else image


def in_user_data(user_data: str) -> str:
    """The image that the one line IMAGE=… of a worker's user data names. Raises ValueError unless there is just one."""
    found = _LINE.findall(user_data)
    if len(found) != 1:
        raise ValueError(f"the user data has {len(found)} lines that begin with IMAGE=; the roll replaces just one")
    return str(found[0]).strip("'\"")


def put_in_user_data(user_data: str, image: str) -> str:
    """The user data with this image in its line IMAGE=…, and nothing else changed. Raises ValueError as `in_user_data` does."""
    in_user_data(user_data)
    return _LINE.sub(lambda _: f"IMAGE={image}", user_data)
