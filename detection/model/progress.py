"""A progress bar for a download, on stderr, so that stdout stays the answer."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

WIDTH = 30
REDRAW_SECONDS = 0.1


@dataclass(slots=True)
class Progress:
    """Redrawn in place on a terminal; anywhere else (a log) a line when it is through."""

    what: str
    total: int | None  # bytes, where known
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    done: int = 0
    _drawn_at: float = 0.0

    def add(self, count: int) -> None:
        self.done += count
        if self.stream.isatty() and time.monotonic() - self._drawn_at > REDRAW_SECONDS:
            self._drawn_at = time.monotonic()
            self.stream.write(f"\r{self.line()}")
            self.stream.flush()

    def finish(self) -> None:
        self.stream.write(f"\r{self.line()}\n" if self.stream.isatty() else f"{self.line()}\n")
        self.stream.flush()

    def line(self) -> str:
        """What is drawn now: "yolov5n.pt [#####.....]  50 %, 1.9 of 3.9 MB"."""
        if not self.total:
            return f"{self.what}: {self.done / 1e6:.1f} MB"
        part = min(1.0, self.done / self.total)
        bar = "#" * int(part * WIDTH)
        return f"{self.what} [{bar:.<{WIDTH}}] {part * 100:3.0f} %, {self.done / 1e6:.1f} of {self.total / 1e6:.1f} MB"
