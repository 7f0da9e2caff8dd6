"""The state folder: secrets made once, and one sandbox at a time."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sandbox.state import State, StateInUse, opened


def test_secrets_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as state:
        made = state.secrets()
    with opened(tmp_path / "state") as state:
        assert state.secrets() == made
    assert len({made.django_secret_key, made.webhook_secret, made.results_key}) == 3
    assert stat.S_IMODE((tmp_path / "state" / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_an_earlier_versions_secrets_stay_and_the_new_ones_are_added_once(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"results_key": "known already"}')
    made = State(tmp_path).secrets()
    assert made.results_key == "known already"
    assert State(tmp_path).secrets() == made


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    made = State(tmp_path).secrets()
    assert made.results_key not in repr(made)


def test_two_sandboxes_do_not_share_a_folder(tmp_path: Path) -> None:
    sentence = rf"process {os.getpid()}\) runs on the state in {tmp_path}.*--state"
    with opened(tmp_path), pytest.raises(StateInUse, match=sentence), opened(tmp_path):
        pytest.fail("a second sandbox got the same state")
    with opened(tmp_path):
        pass  # free again
