"""The folder in which a sandbox keeps what survives a restart: the embedded AWS, the chats, the site's database, secrets."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path


class StateInUse(Exception):
    """Another sandbox runs on this folder; two would spoil each other's state."""


@dataclass(frozen=True)
class Secrets:
    """Made once for each state folder. They stay on this machine, so nothing has to be configured."""

    django_secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    webhook_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    results_key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    admin_password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)


@dataclass(frozen=True)
class State:
    """Where everything is, inside one folder."""

    folder: Path

    @property
    def aws(self) -> Path:
        return self.folder / "aws"

    @property
    def telegram(self) -> Path:
        return self.folder / "telegram"

    @property
    def database(self) -> Path:
        return self.folder / "site.sqlite3"

    def secrets(self) -> Secrets:
        """This folder's secrets, in a file that only its owner may read; made at the first call."""
        path = self.folder / "secrets.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        found = Secrets(**known)
        if asdict(found) != known:  # none yet, or not all of them: the folder is an earlier version's
            _write_private(path, json.dumps(asdict(found), indent=1))
        return found


@contextmanager
def opened(folder: Path) -> Iterator[State]:
    """The state in this folder, made if it is missing, and ours alone until the end. Raises StateInUse."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StateInUse(
                f"another sandbox (process {lock.read().strip()}) runs on the state in {folder}. Stop it, or give --state another folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield State(folder)


def _write_private(path: Path, text: str) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)
