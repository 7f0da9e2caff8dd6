"""Text for people: tables, ages and times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

NUMBERS_RIGHT = ">"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need to be. A column whose name begins with ">" is set to the right.

    >>> print(table(["name", ">depth"], [["photos", "12"], ["answers", "0"]]))
    name     depth
    photos      12
    answers      0
    """
    names = [name.removeprefix(NUMBERS_RIGHT) for name in columns]
    widths = [max(len(row[place]) for row in (names, *rows)) for place in range(len(columns))]
    right = [name.startswith(NUMBERS_RIGHT) for name in columns]
    return "\n".join(_line(row, widths, right) for row in (names, *rows))


def age(seconds: float | None) -> str:
    """
    >>> age(None), age(0.2), age(95), age(7300), age(200_000)
    ('unknown', '0 s', '95 s', '2.0 h', '2.3 d')
    """
    if seconds is None:
        return "unknown"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"


def size(count: int | None) -> str:
    """
    >>> size(None), size(999_999), size(146_400_000), size(2_160_000_000)
    ('-', '1 MB', '146 MB', '2.2 GB')
    """
    if count is None:
        return "-"
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def since(at: datetime | None, now: datetime) -> str:
    """How long ago; a dash where there is nothing to tell."""
    return age(max(0.0, (now - at).total_seconds())) if at else "-"


def short(text: str, width: int) -> str:
    """On one line, and no longer than this.

    >>> short("ValueError: no cat", 12)
    'ValueError:…'
    """
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = [cell.rjust(width) if on_right else cell.ljust(width) for cell, width, on_right in zip(row, widths, right, strict=True)]
    return "  ".join(cells).rstrip()
