"""What the sample project says of itself and of its dead letters: the functions that its settings name."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from taskqueue.dead_letters import DeadLetter


def versions() -> dict[str, str]:
    return {"samples": "1.2.3"}


def late_versions() -> dict[str, str]:
    """As where a large model has to be read first: a worker writes to the registry only when it has these."""
    time.sleep(4)
    return {}


def oldest() -> dict[str, datetime | None]:
    """The queue `first` has something ten minutes old, `second` has nothing, and of `third` nothing is known."""
    return {"first": datetime.now(UTC) - timedelta(minutes=10), "second": None}


def out_of_order() -> dict[str, datetime | None]:
    raise RuntimeError("the table is away")


def redrive(letter: DeadLetter, send_again: Callable[[], None]) -> str:
    """Only tasks that are named; those that say "hopeless" are beyond it, and those that say "old" are done with."""
    if "hopeless" in letter.arguments:
        raise RuntimeError("not with this one")
    if "old" in letter.arguments:
        return "dropped"
    send_again()
    return "sent once more"


def refuse(letter: DeadLetter, send_again: Callable[[], None]) -> str:
    raise RuntimeError("not with this one")
