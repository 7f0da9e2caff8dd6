"""Lines of several processes on one output, each with its source's name before it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TextIO

NAME_WIDTH = 9
_COLOURS = (36, 35, 33, 32, 34, 96, 95, 93)  # ANSI: cyan, magenta, yellow, green, blue, and brighter ones; red is for errors


class Console:
    """Writes whole lines, so that two processes' never mix.

    On a terminal each name has its colour, unless NO_COLOR is set; elsewhere a line is plain: `site     | 42-7 stored`.
    """

    def __init__(self, out: TextIO, *, colour: bool | None = None) -> None:
        self._out = out
        self._colour = out.isatty() and "NO_COLOR" not in os.environ if colour is None else colour
        self._colours: dict[str, int] = {}

    def line(self, name: str, text: str) -> None:
        """Write one line of this source."""
        self.plain(f"{self._prefix(name)} {text}")

    def plain(self, text: str) -> None:
        """Write these lines as they are. An output that is gone (a closed terminal or pipe) is no reason to fail."""
        with suppress(OSError, ValueError):
            self._out.write(text + "\n")
            self._out.flush()

    def _prefix(self, name: str) -> str:
        prefix = f"{name:<{NAME_WIDTH}}|"
        if not self._colour:
            return prefix
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[{colour}m{prefix}\x1b[0m"
