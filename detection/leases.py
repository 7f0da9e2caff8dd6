"""A lease: what only one process may do at a time."""

from __future__ import annotations

from datetime import timedelta

from pynamodb.exceptions import UpdateError

from detection import table
from detection.aws import translated
from detection.clock import now
from detection.table import CounterItem


def take(name: str, duration: timedelta) -> bool:
    """Hold this lease for this long; False where somebody else holds it. It is never extended: do less than it allows for."""
    free = CounterItem.held_until.does_not_exist() | (CounterItem.held_until < now())
    with translated(f"taking the lease {name}"):
        try:
            table.counters()(f"lease#{name}").update(actions=[CounterItem.held_until.set(now() + duration)], condition=free)
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False
    return True


def give_back(name: str) -> None:
    """Let the next one have it."""
    with translated(f"giving back the lease {name}"):
        table.counters()(f"lease#{name}").update(actions=[CounterItem.held_until.remove()])
