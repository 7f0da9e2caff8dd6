"""docs/api.md is right: its examples run as they stand there, against the site as a process, with a token that its command made."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from detection import predictions
from detection.clock import now
from detection.prediction import Box, Detection, Failure
from detection.predictions import Outcome
from tests import processes
from tests.clouds import Cloud
from tests.detection.test_predictions import created, new
from tests.emulators import ROOT, free_port

EXAMPLES: list[str] = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), flags=re.DOTALL)
ADDRESS = "http://127.0.0.1:8000"
MAKE_ADA = (
    "from django.contrib.auth.models import Group, User;"
    "ada = User.objects.create_user('ada'); ada.groups.add(Group.objects.get(name='viewer'))"
)


def example(word: str) -> str:
    """The one block of the page that has this in it."""
    (found,) = [block for block in EXAMPLES if word in block]
    return found


@pytest.fixture
def shell(cloud: Cloud, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """What a block of the page prints, in a folder with the header's file."""
    environment = cloud.environment | {"DATABASE_PATH": str(tmp_path / "site.sqlite3")}

    def manage(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True).stdout

    manage("migrate", "--no-input", "--verbosity", "0")
    manage("shell", "--verbosity", "0", "-c", MAKE_ADA)
    (token,) = re.findall(r"token (\w{40}) for user ada", manage("drf_create_token", "ada"))
    port = free_port()

    def run(block: str) -> str:
        script = block.replace(ADDRESS, f"http://127.0.0.1:{port}").replace("0123456789abcdef0123456789abcdef01234567", token)
        told = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=told, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with processes.site(environment, port=port, log=tmp_path / "site.log"):
        run(example("umask"))
        yield run


def test_the_examples_of_the_page_answer_what_it_says(shell: Callable[[str], str], tmp_path: Path) -> None:
    slow = predictions.create(replace(new(1), received_at=now() - timedelta(seconds=6)))
    assert slow
    predictions.finish(slow.prediction_id, Outcome(detections=(Detection("dog", 0.7, Box(0, 0, 1, 1)),)))
    for message in range(3, 56):
        predictions.finish(created(message, age=timedelta(minutes=message)), Outcome(failure=Failure.DAMAGED))

    assert (tmp_path / "header.txt").stat().st_mode & 0o077 == 0
    assert json.loads(shell(example("labels=dog")))["predictions"] == []  # it has no answer yet
    predictions.mark_replied(predictions.claim(slow.prediction_id))
    assert [one["prediction_id"] for one in json.loads(shell(example("labels=dog")))["predictions"]] == [slow.prediction_id]
    assert json.loads(shell(example("json.tool")))["prediction_id"] == "42-7"
    assert shell(example("while")).split() == [f"42-{message}" for message in range(3, 56)]
