"""manage.py migrate_alone: on a file as it is run, and its lock on sessions of a server that is modelled.

That PostgreSQL keeps the lock like this was tried by hand (docs/infrastructure.md); no server is needed here.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper

from botgateway.management.commands.migrate_alone import LOCK, alone
from tests.emulators import ROOT
from tests.settings import ENVIRONMENT


class Server:
    """PostgreSQL's advisory locks: each is one session's, and goes with it."""

    def __init__(self) -> None:
        self.holders: dict[int, Session] = {}
        self.guard = threading.Lock()


class Session:
    """One connection, as far as `alone` uses it."""

    vendor = "postgresql"

    def __init__(self, server: Server) -> None:
        self.server = server
        self._answer = False

    def cursor(self) -> AbstractContextManager[Session]:
        return nullcontext(self)

    def execute(self, statement: str, values: list[int]) -> None:
        (lock,) = values
        with self.server.guard:
            if statement == "SELECT pg_try_advisory_lock(%s)":
                self._answer = self.server.holders.setdefault(lock, self) is self
            elif statement == "SELECT pg_advisory_unlock(%s)":
                self._answer = self.server.holders.pop(lock, None) is self
            else:
                raise AssertionError(f"not modelled: {statement}")

    def fetchone(self) -> tuple[bool]:
        return (self._answer,)


def session(server: Server) -> Any:
    return cast(BaseDatabaseWrapper, Session(server))


def test_of_many_that_start_together_one_is_inside() -> None:
    server = Server()
    inside: list[int] = []
    most: list[int] = []

    def start(number: int) -> None:
        with alone(session(server), say=lambda _: None, sleep=lambda _: time.sleep(0.001)):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.005)
            inside.remove(number)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most == [1] * 8
    assert server.holders == {}


def test_who_waits_says_so_once_and_goes_on_when_the_other_is_done() -> None:
    server, said, slept = Server(), list[str](), list[float]()
    server.holders[LOCK] = other = Session(server)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            assert server.holders.pop(LOCK) is other

    with alone(session(server), say=said.append, sleep=sleep):
        assert slept == [1, 1, 1]
    assert said == ["another site migrates the database: waiting for it"]


def test_a_migration_that_fails_lets_the_next_one_try() -> None:
    server = Server()
    with pytest.raises(RuntimeError, match="a table is there already"), alone(session(server), say=print, sleep=_never):
        raise RuntimeError("a table is there already")
    with alone(session(server), say=print, sleep=_never):
        pass


def _never(_seconds: float) -> None:
    raise AssertionError("nobody else is there to wait for")


def migrated(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "migrate_alone"]
    environment = ENVIRONMENT | {"DATABASE_PATH": str(path)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_file_is_made_and_a_second_time_left_as_it_is(tmp_path: Path) -> None:
    first = migrated(tmp_path / "site.sqlite3")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Applying detection.0002_roles... OK" in first.stdout
    second = migrated(tmp_path / "site.sqlite3")
    assert (second.returncode, "No migrations to apply." in second.stdout) == (0, True)
    with closing(sqlite3.connect(tmp_path / "site.sqlite3")) as database:
        assert [name for (name,) in database.execute("select name from auth_group order by name")] == ["operator", "owner", "viewer"]


def test_a_database_that_cannot_be_had_ends_it(tmp_path: Path) -> None:
    ended = migrated(tmp_path / "no-folder" / "site.sqlite3")
    assert ended.returncode == 1
    assert ended.stderr == "CommandError: the database can't be reached: unable to open database file\n"


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("migrate_alone", "--help")
    assert "manage.py migrate_alone" in capsys.readouterr().out
