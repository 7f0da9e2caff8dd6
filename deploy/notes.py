"""What a rehearsal notes as it goes: a line for whoever watches, and an event for whoever counts again."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = dict[str, Any]


@dataclass
class Notes:
    """Call it with an event's name and what is to be said of it; `events` has all, with the seconds since the beginning as `at`."""

    events: list[Event] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def __call__(self, event: str, line: str, **about: Any) -> None:
        at = round(time.monotonic() - self._began, 1)
        self.events.append({"at": at, "event": event, **about})
        print(f"{at:6.0f} s  {line}", flush=True)  # noqa: T201  # it is the progress of a command

    def write(self, path: Path) -> None:
        """All events as JSON lines."""
        path.write_text("".join(json.dumps(event) + "\n" for event in self.events))


def read(path: Path) -> list[Event]:
    """The events of a file that was written so."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def table(found: Mapping[str, object]) -> str:
    """Figures one below the other."""
    width = max(map(len, found))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in found.items())
