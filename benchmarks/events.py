"""Raw events as JSON lines: `t` (seconds since 1970), `event`, and what belongs to it. Every figure is computed from these."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class Log:
    """Appends events to a file. One write a line, so that several processes may share the file."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def __call__(self, event: str, **facts: object) -> None:
        line = json.dumps({"t": time.time(), "event": event, **facts}) + "\n"
        os.write(self._descriptor, line.encode())

    def close(self) -> None:
        os.close(self._descriptor)


def read(path: Path) -> list[Event]:
    """The events of a file in the order of their times. A last line that a killed process left unfinished is left out."""
    if not path.exists():
        return []
    events = []
    for line in path.read_text().splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return sorted(events, key=lambda event: event["t"])


def append(path: Path, events: Iterable[Event], **labels: object) -> None:
    """Add events to a file, each with these labels."""
    with path.open("a") as file:
        file.writelines(json.dumps({**event, **labels}) + "\n" for event in events)


def of(events: Iterable[Event], name: str, **facts: object) -> list[Event]:
    """Those of this name that have these facts."""
    return [e for e in events if e["event"] == name and _has(e, facts)]


def _has(event: Mapping[str, Any], facts: Mapping[str, object]) -> bool:
    return all(event.get(name) == value for name, value in facts.items())
