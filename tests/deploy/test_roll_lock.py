"""One roll of a side at a time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from deploy import aws
from deploy.roll import __main__, lock, outcome
from deploy.roll.lock import held
from deploy.roll.outcome import Locked, Stopped
from tests.deploy.conftest import NEW_SITE, NEW_WORKER, OLD_SITE, Account
from tests.emulators import ROOT


def left(account: Account, side: str, *, ago: timedelta) -> None:
    """The lock of a roll that was killed."""
    value = {"who": "ann@desk", "when": (datetime.now(UTC) - ago).isoformat(), "what": "me/polybot@cafe", "token": "hers"}
    account.front.client("ssm").put_parameter(Name=f"/{account.name}/roll/{side}", Value=json.dumps(value), Type="String")


def test_a_second_roll_at_once_is_refused(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    left(site, "site", ago=timedelta(minutes=5))
    assert site.roll("site", NEW_SITE) == 3
    told = capsys.readouterr().err
    assert told.startswith("Locked: ann@desk rolls me/polybot@cafe out, since ")
    assert "--resume" in told
    assert site.images == [OLD_SITE, OLD_SITE]
    assert site.locks == [f"/{site.name}/roll/site"], "hers stays"


def test_a_dry_run_says_who_rolls(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    left(site, "site", ago=timedelta(minutes=5))
    assert site.roll("site", NEW_SITE, "--dry-run") == 0
    assert "ann@desk rolls me/polybot@cafe out" in capsys.readouterr().out


def test_the_lock_of_a_killed_roll_is_taken_over_when_asked(site: Account) -> None:
    left(site, "site", ago=timedelta(minutes=5))
    assert site.roll("site", NEW_SITE, "--resume") == 0
    assert site.images == [NEW_SITE, NEW_SITE]
    assert site.locks == []


def test_an_old_lock_is_taken_over_by_itself(site: Account) -> None:
    left(site, "site", ago=timedelta(hours=2, seconds=1))
    assert site.roll("site", NEW_SITE) == 0
    assert site.locks == []


def test_the_other_side_has_a_lock_of_its_own(site: Account) -> None:
    left(site, "workers", ago=timedelta(minutes=5))
    assert site.roll("site", NEW_SITE) == 0
    assert site.locks == [f"/{site.name}/roll/workers"]


def test_of_two_who_take_over_at_once_one_goes_on(account: Account) -> None:
    left(account, "site", ago=timedelta(hours=3))
    ssm = aws.client("ssm")
    slow = lock._read(ssm, f"/{account.name}/roll/site")
    with held(ssm, name=account.name, side="site", what="x", resume=True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(lock, "_read", lambda *_: slow)  # what the slower one read before the other wrote
        with pytest.raises(Locked, match="at the same moment"):
            lock._taken_over(ssm, f"/{account.name}/roll/site", "y", resume=True)


def test_a_roll_whose_lock_was_taken_over_stops_and_leaves_it(account: Account) -> None:
    ssm = aws.client("ssm")
    with held(ssm, name=account.name, side="site", what="x", resume=False) as ours:
        ours.check()
        with held(ssm, name=account.name, side="site", what="y", resume=True):
            with pytest.raises(Stopped, match="was taken over by"):
                ours.check()
            ours.release()
            assert account.locks == [f"/{account.name}/roll/site"]
    assert account.locks == []


def test_a_lock_says_which_run_of_the_workflow_has_it(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    monkeypatch.setenv("GITHUB_REPOSITORY", "me/polybot-service")
    ssm = aws.client("ssm")
    with held(ssm, name=account.name, side="site", what="me/polybot@cafe", resume=False):
        told = lock.holder(ssm, name=account.name, side="site")
    assert re.fullmatch(r"run 77 of me/polybot-service rolls me/polybot@cafe out, since [\dT:+-]+", told)


def test_the_command_as_it_is_called(workers: Account) -> None:
    """In a process of its own: arguments, output and status."""
    command = [sys.executable, "-m", "deploy.roll", "workers", "--image", NEW_WORKER, "--name", workers.name, "--dry-run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "a new version with me/yolo5@bbbbbbbbbbbb to be made" in done.stdout


def test_help_lists_every_status() -> None:
    statuses = {kind.status for kind in (outcome.RolledBack, outcome.Refused, outcome.Locked, outcome.Stopped)} | {0, 130}
    assert {int(number) for number in re.findall(r"^ +(\d+)  ", __main__.STATUSES, re.MULTILINE)} == statuses
