"""The set-up and the locks: cheap when nothing changed, clear when it can't go on, and nothing in them of one machine alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

TREE = Path(__file__).parent.parent
LOCKS = sorted((TREE / "requirements").glob("*.lock"))
PIN = re.compile(r"^([a-z0-9-]+)==(\S+) \\$", re.MULTILINE)


def set_up(tree: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bin/setup"], cwd=tree, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the set-up reads, and nothing that it makes."""
    for folder in ("bin", "requirements"):
        shutil.copytree(TREE / folder, tmp_path / folder)
    return tmp_path


def python_that_says(folder: Path, script: str) -> str:
    """A program in the place of Python."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return str(python)


def test_nothing_is_done_when_nothing_changed() -> None:
    started = time.monotonic()
    result = set_up(TREE)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert time.monotonic() - started < 0.5


def test_a_python_that_is_too_old_is_named_with_what_to_do(clone: Path) -> None:
    old = python_that_says(clone, "exit 1")
    result = set_up(clone, PYTHON=old)
    assert result.returncode == 1
    assert f"needs Python 3.11 or newer, and found {old}" in result.stderr
    assert "make setup PYTHON=" in result.stderr


def test_what_pip_said_last_is_shown_when_it_fails(clone: Path) -> None:
    # It makes a virtual environment whose Python is this program too, and whose pip finds no network.
    script = """case "$*" in
    *venv*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    *pip*) echo "no route to the registry" >&2; exit 1 ;;
    esac"""
    result = set_up(clone, PYTHON=python_that_says(clone, script))
    assert result.returncode == 1
    assert "no route to the registry" in result.stderr
    assert "needs the network" in result.stderr
    assert not (clone / ".venv/stamp").exists()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_on_any_machine(lock: Path) -> None:
    text = lock.read_text()
    pins = PIN.findall(text)
    assert len(pins) == text.count("==")
    for pin in re.split(r"(?m)^(?=[a-z0-9-]+==)", text)[1:]:
        assert "--hash=sha256:" in pin
    assert not re.search(r"://|--(extra-)?index|--find-links| @ ", text)


def test_no_lock_has_cuda_or_torchvision() -> None:
    names = {name for lock in LOCKS for name, _ in PIN.findall(lock.read_text())}
    assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton", "torchvision"))]
    assert "torch" not in names  # in torch.txt, in its CPU build


@pytest.mark.parametrize("extra", ["site", "worker"])
def test_a_part_is_pinned_as_in_the_whole(extra: str) -> None:
    part, whole = (set(PIN.findall((TREE / f"requirements/{name}.lock").read_text())) for name in (extra, "all"))
    assert part
    assert part <= whole
