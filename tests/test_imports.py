"""Who may import whom: the contracts in pyproject.toml hold, and a breach of each is caught by that one and no other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TREE = Path(__file__).parent.parent
SETTINGS = tomllib.loads((TREE / "pyproject.toml").read_text())["tool"]["importlinter"]
NAMES = {contract["id"]: contract["name"] for contract in SETTINGS["contracts"]}

# Contract → module → the line added to its end (a module that isn't there is made).
BREACHES = [
    ("layers", {"taskqueue/planted.py": "import detection.prediction"}),
    ("sandbox-apart", {"sandbox/planted.py": "import detection.prediction"}),
    ("deploy-apart", {"deploy/planted.py": "import taskqueue"}),
    ("product-apart", {"botgateway/planted.py": "import sandbox"}),
    ("product-apart", {"taskqueue/planted.py": "import benchmarks"}),
    ("worker-without-django", {"detection/tasks.py": "import django"}),
    ("worker-without-django", {"detection/pipeline.py": "import detection.planted", "detection/planted.py": "import django"}),
    ("site-without-models", {"botgateway/views.py": "import cv2"}),
    ("site-without-models", {"detection/submit.py": "import detection.planted", "detection/planted.py": "import cv2"}),
    ("models-in-their-room", {"detection/planted.py": "import torch"}),
    ("table", {"botgateway/planted.py": "import pynamodb"}),
    ("telegram", {"botgateway/planted.py": "import telegram"}),
    ("aws", {"detection/planted.py": "import boto3"}),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their contracts, in a folder where a breach does no harm."""
    shutil.copy(TREE / "pyproject.toml", tmp_path)
    for package in SETTINGS["root_packages"]:
        shutil.copytree(
            TREE / package, tmp_path / package, ignore=lambda _, names: [name for name in names if "." in name and name[-3:] != ".py"]
        )
    return tmp_path


def broken(tree: Path) -> list[str]:
    """The names of the contracts that the packages in `tree` break."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    result = subprocess.run(command, cwd=tree, env=os.environ | {"COLUMNS": "300"}, capture_output=True, text=True, timeout=60, check=False)
    assert "Contracts:" in result.stdout, result.stdout + result.stderr
    names = re.findall(r"^(.*) BROKEN", result.stdout, re.MULTILINE)
    assert bool(names) == bool(result.returncode)
    return names


def test_the_contracts_hold(copy: Path) -> None:
    assert broken(copy) == []


@pytest.mark.parametrize(("contract", "lines"), BREACHES)
def test_a_breach_is_caught(copy: Path, contract: str, lines: dict[str, str]) -> None:
    for module, line in lines.items():
        with (copy / module).open("a") as file:
            file.write(f"\n{line}\n")
    assert broken(copy) == [NAMES[contract]]


def test_each_contract_has_a_breach() -> None:
    assert {contract for contract, _ in BREACHES} == set(NAMES)
