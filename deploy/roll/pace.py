"""How long each step of a roll may take, and how to wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

Say = Callable[[str], None]


class TimedOut(Exception):
    """What was waited for did not come in its time; the text names both."""


@dataclass(frozen=True)
class Pace:
    """Seconds. `serve` is for one started instance to serve, image pulled and health check passed."""

    poll: float = 5
    reach: float = 60  # for SSM to deliver a command, and for one that only looks
    drain: float = 330  # AWS's default for a target group is 300
    serve: float = 300
    boot: float = 600  # for a launched worker to work: boot, pull of the image, model loaded, health check passed
    refresh: float = 3600
    back: float = 3600  # for the refresh that goes back, whatever the one before it was given
    checkpoint: int = 300  # AWS waits so long at 50 %, while the new instances are looked at


def until(look: Callable[[], T | None], *, seconds: float, poll: float, what: str) -> T:
    """What `look` returns as soon as that is something. Raises TimedOut after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimedOut(f"{what}: not within {seconds:g} s")
        time.sleep(poll)
    return found
