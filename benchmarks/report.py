"""What a benchmark prints: progress, a table, the bars that it holds or misses, and one JSON object as the last line."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_began = time.monotonic()


@dataclass(frozen=True)
class Bar:
    """Something that has to hold, in words with the value seen."""

    text: str
    held: bool


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def progress(text: str) -> None:
    say(f"{time.monotonic() - _began:6.0f} s  {text}")


def machine() -> dict[str, Any]:
    """The CPU's name, its cores, and how busy others kept it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {"cpu": names[0] if names else "unknown", "cores": os.cpu_count(), "load_1m": round(os.getloadavg()[0], 2)}


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as their widest cell; None is a dash."""
    cells = [[_cell(value) for value in row] for row in [columns, *rows]]
    widths = [max(len(row[n]) for row in cells) for n in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) and abs(value) < 100 else f"{value:.0f}" if isinstance(value, float) else str(value)


def finish(result: Mapping[str, Any], bars: Sequence[Bar]) -> int:
    """Print the bars and the JSON line; returns the exit status, 1 where a bar is missed."""
    for bar in bars:
        say(f"{'holds ' if bar.held else 'MISSED'}  {bar.text}")
    missed = [bar.text for bar in bars if not bar.held]
    say(json.dumps(_plain({**result, "missed": missed, "machine": machine()}), allow_nan=False))
    return 1 if missed else 0


def _plain(value: Any) -> Any:
    """Rounded to what means something; null for the infinite, which JSON does not have."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.4g}") if math.isfinite(value) else None
    return value
