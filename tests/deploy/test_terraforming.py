"""Where Terraform's provider is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import terraforming


def test_the_variable_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / terraforming.PROVIDER).mkdir(parents=True)
    monkeypatch.setenv("TF_PLUGIN_DIR", str(tmp_path))
    assert terraforming.mirror() == tmp_path


def test_a_variable_that_leads_nowhere_is_not_made_good_by_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_PLUGIN_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(terraforming.Missing, match=r"nowhere: run `terraform providers mirror FOLDER` .* set TF_PLUGIN_DIR=FOLDER"):
        terraforming.mirror()


def test_terraforms_own_places_are_looked_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / ".terraform.d" / "plugins"
    (place / terraforming.PROVIDER).mkdir(parents=True)
    monkeypatch.delenv("TF_PLUGIN_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert terraforming.mirror() == place


def test_without_terraform_it_says_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(terraforming.Missing, match=r"install 1\.11 or newer"):
        terraforming.program()


def test_what_terraform_says_is_in_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "terraform"
    program.write_text('#!/bin/sh\necho "no such argument: $1; AWS_PROFILE=$AWS_PROFILE"\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    with pytest.raises(terraforming.Failed, match=r"ended with 3:\nno such argument: plan; AWS_PROFILE=\n"):
        terraforming.run("plan", place=tmp_path)
