"""manage.py migrate_alone."""

from __future__ import annotations

import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK = 20_250_731
"""Any number will do: nothing else takes an advisory lock in this database, which is the site's own."""
PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    help = """\
Bring the database up to date, as `migrate` does, while no other machine does: what a site runs before it starts.

  manage.py migrate_alone

On PostgreSQL, which several sites share, it waits for whoever migrates, and finds nothing left to do then. It ends with 1
where the database can't be reached or a migration fails: the site is not to be started on such a database."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter

    def handle(self, **options: Any) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(f"the database can't be reached: {error}") from None
        with alone(connection, say=self.stdout.write):
            call_command("migrate", interactive=False, verbosity=options["verbosity"])


@contextmanager
def alone(database: BaseDatabaseWrapper, *, say: Callable[[str], object], sleep: Callable[[float], object] = time.sleep) -> Iterator[None]:
    """Inside, nobody else is who asks the same PostgreSQL. SQLite is one machine's, which has one site.

    The lock is the session's: if this process or its machine dies, the server lets go of it with the connection, and a
    migration that lost its connection can't go on without the lock.
    """
    if database.vendor != "postgresql":
        yield
        return
    waits = False
    while not _asked(database, "SELECT pg_try_advisory_lock(%s)"):
        if not waits:
            say("another site migrates the database: waiting for it")
        waits = True
        sleep(PAUSE_SECONDS)
    try:
        yield
    finally:
        _asked(database, "SELECT pg_advisory_unlock(%s)")


def _asked(database: BaseDatabaseWrapper, statement: str) -> bool:
    with database.cursor() as cursor:
        cursor.execute(statement, [LOCK])
        (answer,) = cursor.fetchone()
    return bool(answer)
