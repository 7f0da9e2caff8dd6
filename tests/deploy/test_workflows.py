"""The workflows that build and roll out: when they run, what their steps run, and what they may do."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulators import ROOT

WORKFLOWS = {"site": "polybot", "workers": "yolo5"}
DIGEST = f"sha256:{'d' * 64}"
SECRETS = {"DOCKER_REPO_USERNAME": "ann", "DOCKER_REPO_PASSWORD": "made-up password"}

# A recording stand-in: its arguments, one call a line, and what came in at stdin. A program of the clone is named by its path.
STUB = """\
#!/bin/sh
echo "${0#"$PROGRAMS/"} $*" >>"$RECORD"
case "$*" in
    *"detection.model prepare"*) echo "$PREPARED" ;;
    *--password-stdin*) cat >>"$RECORD.stdin" ;;
    *--metadata-file*) printf '%s' "$BUILT" >"$RUNNER_TEMP/built.json" ;;
esac
"""

CHANGES = {
    "detection/pipeline.py": {"site", "workers"},
    "detection/templates/admin/detection/prediction.html": {"site", "workers"},
    "taskqueue/drain.py": {"site", "workers"},
    "requirements/site.lock": {"site", "workers"},
    "requirements/worker.lock": {"site", "workers"},
    "botgateway/views.py": {"site"},
    "botgateway/management/commands/poll.py": {"site"},
    "polysite/settings.py": {"site"},
    "manage.py": {"site"},
    "deploy/images/polybot/Dockerfile": {"site"},
    "deploy/images/yolo5/Dockerfile": {"workers"},
    "deploy/images/trial.py": set(),
    ".dockerignore": {"site", "workers"},
    "deploy/roll/site.py": set(),
    "deploy/terraform/site.tf": set(),
    "sandbox/__main__.py": set(),
    "tests/detection/test_pipeline.py": set(),
    "benchmarks/speed.py": set(),
    "docs/aws.md": set(),
    "README.md": set(),
    ".github/workflows/polybot-deployment.yaml": set(),
}

both = pytest.mark.parametrize("side", ["site", "workers"])


def workflow(side: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / f"{WORKFLOWS[side]}-deployment.yaml").read_text())
    return found


def triggers(side: str) -> dict[str, Any]:
    found: dict[str, Any] = workflow(side)[True]  # in YAML 1.1, `on` is a truth value
    return found


def matches(path: str, pattern: str) -> bool:
    """As GitHub matches a path: * stays within a folder, ** does not."""
    parts = (".*" if part == "**" else "[^/]*" if part == "*" else re.escape(part) for part in re.split(r"(\*\*|\*)", pattern))
    return re.fullmatch("".join(parts), path) is not None


@pytest.mark.parametrize(("path", "sides"), CHANGES.items())
def test_a_change_rolls_the_sides_that_run_it(path: str, sides: set[str]) -> None:
    assert {side for side in WORKFLOWS if any(matches(path, pattern) for pattern in triggers(side)["push"]["paths"])} == sides


@pytest.mark.parametrize(
    ("path", "pattern", "match"), [("a/b/c", "a/**", True), ("a/b/c", "a/*", False), ("ab", "a", False), ("xa/b", "a/**", False)]
)
def test_paths_match_as_on_github(path: str, pattern: str, match: bool) -> None:
    assert matches(path, pattern) is match


@both
def test_each_pattern_names_something_that_is_there(side: str) -> None:
    tops = [pattern.removesuffix("/**") for pattern in triggers(side)["push"]["paths"]]
    assert [top for top in tops if not (ROOT / top).exists()] == []


@both
def test_only_main_and_a_person_start_it(side: str) -> None:
    assert set(triggers(side)) == {"push", "workflow_dispatch"}
    assert triggers(side)["push"]["branches"] == ["main"]


@both
def test_one_runs_at_a_time_and_none_is_cut_off(side: str) -> None:
    assert workflow(side)["concurrency"] == {"group": f"{WORKFLOWS[side]}-deployment", "cancel-in-progress": False}


@both
def test_it_builds_and_then_deploys_and_only_deploying_may_sign_in_to_aws(side: str) -> None:
    found = workflow(side)
    assert list(found["jobs"]) == ["build", "deploy"]
    assert found["jobs"]["deploy"]["needs"] == "build"
    assert found["permissions"] == {"contents": "read"}
    assert "permissions" not in found["jobs"]["build"]
    assert found["jobs"]["deploy"]["permissions"] == {"contents": "read", "id-token": "write"}


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*")), ids=lambda path: path.stem)
def test_each_action_is_pinned_by_its_commit(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


@both
def test_its_steps_run_what_the_documentation_promises(side: str, tmp_path: Path) -> None:
    recorded = played(side, tmp_path, built=f'{{"containerimage.digest": "{DIGEST}"}}')
    promised = re.findall(rf"<!-- workflow: {WORKFLOWS[side]} -->\n```\n(.*?)```", (ROOT / "docs" / "aws.md").read_text(), flags=re.DOTALL)
    assert len(promised) == 1
    for word, meant in {
        "USER": "ann",
        "COMMIT": "c0ffee",
        "REPOSITORY": "ann/polybot-service",
        "DIGEST": DIGEST,
        "FILE": f"{tmp_path}/built.json",
    }.items():
        promised[0] = promised[0].replace(word, meant)
    assert recorded == promised[0].splitlines()


@both
def test_the_password_is_given_by_stdin_alone(side: str, tmp_path: Path) -> None:
    recorded = played(side, tmp_path, built=f'{{"containerimage.digest": "{DIGEST}"}}')
    assert (tmp_path / "record.stdin").read_text() == SECRETS["DOCKER_REPO_PASSWORD"]
    assert not any(SECRETS["DOCKER_REPO_PASSWORD"] in line for line in recorded)


@both
def test_a_build_that_names_no_digest_is_not_rolled_out(side: str, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        played(side, tmp_path, built="{}")
    assert "deploy.roll" not in (tmp_path / "record").read_text()


def test_an_image_with_the_demo_model_is_not_built(tmp_path: Path) -> None:
    """It answers where YOLOv5n could not be downloaded, and knows emoji: nobody who deploys wants that by accident."""
    with pytest.raises(subprocess.CalledProcessError):
        played("workers", tmp_path, built=f'{{"containerimage.digest": "{DIGEST}"}}', prepared="/clone/detection/model/demo/bundle")
    assert "buildx build" not in (tmp_path / "record").read_text()


@both
def test_the_digest_that_is_handed_on_holds_no_secret(side: str) -> None:
    """GitHub drops an output in which a secret stands, and the next job would get an empty one."""
    build = workflow(side)["jobs"]["build"]
    assert build["outputs"] == {"digest": "${{ steps.push.outputs.digest }}"}
    (line,) = [line for step in build["steps"] for line in step.get("run", "").splitlines() if "GITHUB_OUTPUT" in line]
    assert line == 'echo "digest=$digest" >>"$GITHUB_OUTPUT"'


def played(side: str, folder: Path, *, built: str, prepared: str = "models/yolov5n-v7.0") -> list[str]:
    """What the `run` steps of both jobs run, in order. Each is run as GitHub does it, with its `env` and recording stand-ins."""
    programs, clone = folder / "bin", folder / "clone"
    for program in (programs / "docker", programs / "python", clone / "bin/setup", clone / ".venv/model-only/bin/python"):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(STUB)
        program.chmod(0o755)
    outputs, record, exported = folder / "outputs", folder / "record", folder / "exported"
    exported.touch()
    known = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_SHA": "c0ffee",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "ann/polybot-service",
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_ENV": str(exported),
        "RUNNER_TEMP": str(folder),
        "RECORD": str(record),
        "BUILT": built,
        "PREPARED": prepared,
        "PROGRAMS": str(programs),
    }
    for job in workflow(side)["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                given = {name: filled(str(value), outputs) for name, value in step.get("env", {}).items()}
                earlier = dict(line.split("=", 1) for line in exported.read_text().splitlines())
                environment = known | earlier | given
                subprocess.run(["bash", "-e", "-c", step["run"]], env=environment, cwd=clone, check=True, capture_output=True, timeout=20)
    return record.read_text().splitlines()


def filled(value: str, outputs: Path) -> str:
    """A value of `env` with GitHub's expressions in it filled in. Raises KeyError for one that it does not know."""
    known = {f"secrets.{name}": secret for name, secret in SECRETS.items()} | {"vars.DETECTION_MODEL": ""}
    if outputs.exists():
        known |= {
            f"needs.build.outputs.{name}": found for name, _, found in (line.partition("=") for line in outputs.read_text().splitlines())
        }
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda match: known[match[1]], value)
