"""One roll of a side at a time: a parameter in SSM that only one can make."""

from __future__ import annotations

import getpass
import json
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import code
from deploy.roll.outcome import Locked, Stopped

STALE = timedelta(hours=2)


@dataclass(frozen=True)
class Lock:
    """A lock that this process made."""

    ssm: Any
    parameter: str
    token: str

    def check(self) -> None:
        """Before each step that changes something: raises Stopped where another roll has taken the lock over."""
        now = _read(self.ssm, self.parameter)
        if now is None or now["token"] != self.token:
            raise Stopped(f"the lock {self.parameter} was taken over{' by ' + now['who'] if now else ''}; this roll stops where it is")

    def release(self) -> None:
        """Let the next roll begin; one that took this lock over keeps it."""
        now = _read(self.ssm, self.parameter)
        if now and now["token"] == self.token:
            self.ssm.delete_parameter(Name=self.parameter)


@contextmanager
def held(ssm: Any, *, name: str, side: str, what: str, resume: bool) -> Iterator[Lock]:
    """The lock for as long as the roll lasts, an interrupted one too. Raises Locked where another roll has it.

    `resume` takes over what a killed roll left. A lock older than two hours is taken over by itself.
    """
    parameter = f"/{name}/roll/{side}"
    lock = _made(ssm, parameter, what) or _taken_over(ssm, parameter, what, resume=resume)
    try:
        yield lock
    finally:
        lock.release()


def holder(ssm: Any, *, name: str, side: str) -> str:
    """Who rolls this side out, what and since when; empty where nobody does."""
    now = _read(ssm, f"/{name}/roll/{side}")
    return f"{now['who']} rolls {now['what']} out, since {now['when']}" if now else ""


def _made(ssm: Any, parameter: str, what: str) -> Lock | None:
    value = _value(what)
    try:
        ssm.put_parameter(Name=parameter, Value=json.dumps(value), Type="String", Overwrite=False)
    except ClientError as error:
        if code(error) == "ParameterAlreadyExists":
            return None
        raise
    return Lock(ssm, parameter, value["token"])


def _taken_over(ssm: Any, parameter: str, what: str, *, resume: bool) -> Lock:
    now = _read(ssm, parameter)
    if now is None:  # released since
        return _made(ssm, parameter, what) or _taken_over(ssm, parameter, what, resume=resume)
    if not resume and datetime.now(UTC) - datetime.fromisoformat(now["when"]) < STALE:
        raise Locked(
            f"{now['who']} rolls {now['what']} out, since {now['when']}. "
            f"Wait for its end; if it was killed, go on in its place with --resume (or in 2 hours without). The lock is {parameter}."
        )
    value = _value(what)
    version = ssm.put_parameter(Name=parameter, Value=json.dumps(value), Type="String", Overwrite=True)["Version"]
    if version != int(now["version"]) + 1:  # each write has a number of its own: of two who take over at once, one sees the next
        raise Locked(f"another roll took {parameter} over at the same moment; look who it is and run this again")
    return Lock(ssm, parameter, value["token"])


def _value(what: str) -> dict[str, str]:
    return {"who": _who(), "when": datetime.now(UTC).isoformat(timespec="seconds"), "what": what, "token": uuid.uuid4().hex}


def _who() -> str:
    run = os.environ.get("GITHUB_RUN_ID")
    return f"run {run} of {os.environ.get('GITHUB_REPOSITORY')}" if run else f"{getpass.getuser()}@{socket.gethostname()}"


def _read(ssm: Any, parameter: str) -> dict[str, str] | None:
    try:
        found = ssm.get_parameter(Name=parameter)["Parameter"]
    except ClientError as error:
        if code(error) == "ParameterNotFound":
            return None
        raise
    value: dict[str, str] = json.loads(found["Value"])
    return value | {"version": str(found["Version"])}
