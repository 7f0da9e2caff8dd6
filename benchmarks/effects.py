"""An application's table: each key's effect is written on one condition, that it is not there yet."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.events import Event


def prepare(path: Path) -> None:
    with _connected(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE claimed (key TEXT PRIMARY KEY)")
        # No key here: if the condition ever failed to hold, the effect would be there twice for the checker to see.
        database.execute("CREATE TABLE effects (key TEXT, node TEXT, t REAL)")


def have(path: Path, key: str, *, node: str) -> bool:
    """Write the effect of `key` in one transaction with its claim; False where it was there."""
    with _connected(path) as database:
        database.execute("BEGIN IMMEDIATE")
        first = database.execute("INSERT OR IGNORE INTO claimed VALUES (?)", (key,)).rowcount == 1
        if first:
            database.execute("INSERT INTO effects VALUES (?, ?, ?)", (key, node, time.time()))
        database.execute("COMMIT")
    return first


def events(path: Path) -> list[Event]:
    """All effects, as events."""
    with _connected(path) as database:
        rows = database.execute("SELECT key, node, t FROM effects").fetchall()
    return [{"t": t, "event": "effect", "key": key, "node": node} for key, node, t in rows]


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        database.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing by it, only a machine would
        yield database
    finally:
        database.close()
