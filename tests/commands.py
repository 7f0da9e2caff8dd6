"""The commands that there are, and what is wrong with one that the documentation names."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.core.management import get_commands

ROOT = Path(__file__).parent.parent


def sources() -> Iterator[Path]:
    """Everything of ours that is run."""
    for room in ("polysite", "botgateway", "detection", "taskqueue", "sandbox", "deploy", "tests"):
        yield from (path for path in (ROOT / room).rglob("*.py") if path.name != "test_docs.py")
    yield from (ROOT / name for name in ("Makefile", "bin/setup", "bin/lock", ".ci/run", "manage.py"))


def modules() -> list[str]:
    """Ours that are run with `-m`."""
    return sorted(str(path.parent.relative_to(ROOT)).replace("/", ".") for path in sources() if path.name == "__main__.py")


def targets() -> list[str]:
    return re.findall(r"^([a-z][a-z-]*):.*## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def commands(page: str) -> Iterator[list[str]]:
    """Each command in a page's code blocks that are marked `sh`, as words, without comments and the variables before it."""
    for block in re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            yield words[next((number for number, word in enumerate(words) if not re.match(r"[A-Z_]+=", word)), 0) :]


def mistake_in(words: list[str]) -> str:
    """What is wrong with a command of ours; nothing where it is right, or not ours."""
    match [word.removeprefix(".venv/bin/") for word in words]:
        case ["make", target, *_]:
            return "" if target in targets() else "there is no such target"
        case (
            ["python", "-m", "sandbox", "manage", name, *options] | ["python", "manage.py", name, *options] | ["manage.py", name, *options]
        ):
            return wrong_options(options, ["manage.py", name]) if name in get_commands() else "there is no such command"
        case ["python", "-m", module, *rest] if module in modules():
            names = subcommands(module)
            if names and (not rest or rest[0] not in names):
                return "there is no such subcommand"
            return wrong_options(rest, ["-m", module, *rest[:1]] if names else ["-m", module])
        case ["python", "-m", module, *_]:
            return "" if module in {"celery", "pytest", "tests.documented", "uvicorn"} else "there is no such module"
    return ""


def wrong_options(words: list[str], command: list[str]) -> str:
    wanted = [word.partition("=")[0] for word in words if word.startswith("--") and word != "--"]
    return "".join(f"there is no {option}" for option in wanted if option not in helped(*command))


def subcommands(module: str) -> list[str]:
    return re.findall(r"^ {4}([a-z][\w-]*)(?= {2,}|$)", helped("-m", module).partition("positional arguments:")[2], flags=re.MULTILINE)


@cache
def helped(*command: str) -> str:
    """What a command says of itself."""
    told = os.environ | {"COLUMNS": "120", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run([sys.executable, *command, "--help"], cwd=ROOT, env=told, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout
