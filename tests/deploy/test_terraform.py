"""deploy/terraform is well-formed, valid, plans what it should, and refuses what it should; checkov agrees."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy import terraforming
from detection.celery import DETECT
from detection.items import OPEN_SHARDS
from tests.deploy.terraform import prepared
from tests.emulators import ROOT

SOURCES = terraforming.HERE / "terraform"
CONCERNS = sorted(path.name for path in (SOURCES / "tests").glob("*.tftest.hcl"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("terraform"))


def test_it_is_formatted() -> None:
    try:
        terraforming.run("fmt", "-check", "-recursive", "-diff", place=SOURCES)
    except terraforming.Missing as missing:
        pytest.skip(str(missing))


def test_it_is_valid(place: Path) -> None:
    assert "The configuration is valid" in terraforming.run("validate", place=place)


def test_the_bucket_of_the_state_is_valid(tmp_path: Path) -> None:
    assert "The configuration is valid" in terraforming.run("validate", place=prepared(tmp_path, module="bootstrap"))


@pytest.mark.parametrize("concern", CONCERNS)
def test_it_plans_what_it_should(place: Path, concern: str) -> None:
    assert " 0 failed" in terraforming.run("test", f"-filter=tests/{concern}", place=place)


@pytest.mark.parametrize(
    ("file", "change", "concern", "noticed"),
    [
        ("security.tf", ("from_port         = 443", "from_port         = 22"), "network", "From outside only Telegram's blocks"),
        ("variables_network.tf", (">= 16])", ">= 0])"), "refused", "var.telegram_cidrs, was expected to report an error"),
    ],
    ids=["another port", "open to the world"],
)
def test_a_mistake_in_it_is_noticed(tmp_path: Path, file: str, change: tuple[str, str], concern: str, noticed: str) -> None:
    place = prepared(tmp_path)
    text = (place / file).read_text()
    assert change[0] in text
    (place / file).write_text(text.replace(*change))
    with pytest.raises(terraforming.Failed) as failed:
        terraforming.run("test", f"-filter=tests/{concern}.tftest.hcl", place=place)
    assert noticed in " ".join(str(failed.value).split())


def test_each_variable_says_what_it_is() -> None:
    text = "".join(path.read_text() for path in SOURCES.glob("*.tf"))
    variables = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.DOTALL | re.MULTILINE)
    assert len(variables) > 20
    assert [name for name, body in variables if "  description = " not in body] == []
    unguarded = [name for name, body in variables if "validation {" not in body and "= bool" not in body]
    assert unguarded == []


def test_each_exception_from_what_scans_for_mistakes_has_its_reason() -> None:
    found = _exceptions()
    assert found
    assert [exception for exception in found if len(exception[2].split()) < 3] == []


def test_what_scans_for_mistakes_finds_none_and_no_exception_is_idle() -> None:
    report = _scan(SOURCES)
    assert [f"{one['check_id']} {one['resource']}: {one['check_name']}" for one in report["failed_checks"]] == []
    used = {(one["file_path"].lstrip("/"), one["check_id"]) for one in report["skipped_checks"]}
    assert {(file, check) for file, check, _ in _exceptions()} == used


def test_what_scans_for_mistakes_would_find_one(tmp_path: Path) -> None:
    shutil.copytree(SOURCES, tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
    storage = tmp_path / "terraform" / "data_postgres.tf"
    storage.write_text(storage.read_text().replace("storage_encrypted     = true", "storage_encrypted     = false"))
    assert [one["check_id"] for one in _scan(tmp_path / "terraform")["failed_checks"]] == ["CKV_AWS_16"]


def _exceptions() -> set[tuple[str, str, str]]:
    """File, check, reason."""
    found = {path: re.findall(r"#checkov:skip=(\w+):(.*)", path.read_text()) for path in SOURCES.rglob("*.tf")}
    return {(path.relative_to(SOURCES).as_posix(), check, reason) for path, those in found.items() for check, reason in those}


def _scan(folder: Path) -> dict[str, list[dict[str, str]]]:
    checkov = shutil.which("checkov", path=os.pathsep.join([str(ROOT / ".venv/checkov/bin"), os.environ.get("PATH", "")]))
    if not checkov:
        pytest.skip("checkov is not installed; get it: make terraform")
    command = [checkov, "-d", str(folder), "--framework", "terraform", "--skip-download", "--compact", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    results: dict[str, list[dict[str, str]]] = json.loads(done.stdout)["results"]
    return results


def test_what_is_listened_for_in_the_log_is_what_the_site_says() -> None:
    cries = re.findall(r'"\\"(alarm: .+?)\\""', (SOURCES / "watching_logs.tf").read_text())
    said = "".join(path.read_text() for path in (terraforming.HERE.parent / "botgateway").rglob("*.py"))
    assert len(cries) == 2
    assert [cry for cry in cries if cry not in said] == []


@pytest.mark.parametrize(
    ("writer", "names"),
    [
        ("taskqueue/metrics.py", {"BusyShare", "Done", "Failures", "Redelivered", "Duplicates", "TaskSeconds"}),
        ("deploy/templates/site.sh.tftpl", {"OpenPredictions", "WebhookErrors"}),
        ("detection/celery.py", {DETECT}),
    ],
)
def test_what_is_watched_is_what_somebody_writes(writer: str, names: set[str]) -> None:
    """A name that nobody writes would be an empty graph, and an alarm that can't tell."""
    watched = "".join(path.read_text() for path in SOURCES.glob("watching*.tf"))
    written = (ROOT / writer).read_text()
    assert [name for name in names if f'"{name}"' not in watched] == []
    assert [name for name in names if name not in written] == []


def test_the_site_counts_open_predictions_in_each_shard() -> None:
    assert f"open_shards = {OPEN_SHARDS}\n" in (SOURCES / "site.tf").read_text()
