"""The one error of this room."""

from __future__ import annotations


class ModelError(Exception):
    """A model can't be fetched, exported or served. The message names the thing, what was seen, and what to do about it."""
