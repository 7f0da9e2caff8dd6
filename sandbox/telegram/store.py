"""The stand-in's memory: one SQLite file, so that it is the same after a restart, even after a kill -9."""

import fcntl
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chats (
    chat_id INTEGER PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, created_at REAL NOT NULL,
    blocked INTEGER NOT NULL DEFAULT 0, migrated_to INTEGER, migrated_from INTEGER);
CREATE TABLE IF NOT EXISTS messages (
    chat_id INTEGER NOT NULL, message_id INTEGER NOT NULL, from_bot INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (chat_id, message_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    file_id TEXT PRIMARY KEY, unique_id TEXT NOT NULL, kind TEXT NOT NULL, photo_id TEXT, path TEXT NOT NULL, size INTEGER NOT NULL,
    mime_type TEXT NOT NULL, name TEXT, width INTEGER, height INTEGER);
CREATE INDEX IF NOT EXISTS files_by_photo ON files (photo_id);
CREATE TABLE IF NOT EXISTS updates (
    update_id INTEGER PRIMARY KEY, chat_id INTEGER NOT NULL, message_id INTEGER, kind TEXT NOT NULL, body TEXT NOT NULL,
    created_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, delivered_at REAL);
CREATE INDEX IF NOT EXISTS updates_waiting ON updates (chat_id, update_id) WHERE delivered_at IS NULL;
CREATE INDEX IF NOT EXISTS updates_by_message ON updates (chat_id, message_id);
CREATE TABLE IF NOT EXISTS callbacks (
    callback_query_id TEXT PRIMARY KEY, chat_id INTEGER NOT NULL, message_id INTEGER NOT NULL, created_at REAL NOT NULL, answer TEXT);
"""


def hold(folder: Path) -> TextIO:
    """Keep other stand-ins out of a state folder for as long as the file is open; BlockingIOError where one is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise
    return lock


class Store:
    """Rows and named facts. Used from the event loop's thread only; each change is committed before the call returns."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # A write-ahead log that isn't flushed on each commit survives a kill -9 of the process, though not of the machine: enough here.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Hand the file back."""
        self._connection.close()

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        """The first row, or None."""
        found: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
        return found

    def run(self, statement: str, *values: object) -> int:
        """Change something; the number of rows that changed."""
        return self._connection.execute(statement, values).rowcount

    def insert(self, table: str, **values: object) -> None:
        """Add a row, in place of one with the same key."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self.run(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", *values.values())  # noqa: S608  # names are ours

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything inside happens, or nothing of it. Not to be held over an await."""
        self.run("SAVEPOINT together")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK TO together")
            raise
        finally:
            self.run("RELEASE together")

    def fact(self, name: str, default: Any = None) -> Any:
        """A value kept under a name, as it was given to `keep`."""
        found = self.row("SELECT value FROM facts WHERE name = ?", name)
        return default if found is None else json.loads(found["value"])

    def keep(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name."""
        self.insert("facts", name=name, value=json.dumps(value))

    def count_up(self, name: str, first: int) -> int:
        """The next number of a named series that begins with `first` and never gives a number twice."""
        number = int(self.fact(name, first - 1)) + 1
        self.keep(name, number)
        return number

    def forget_chats(self) -> None:
        """Empty everything but the named facts: the numbers go on, so that no id comes twice."""
        for table in ("chats", "messages", "files", "updates", "callbacks"):
            self.run(f"DELETE FROM {table}")  # noqa: S608  # names are ours
