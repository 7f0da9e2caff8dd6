"""A worker with a mistake in its environment, or without a bundle, doesn't start, and says all that is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests import processes
from tests.bundles import write_cat_bundle
from tests.clouds import Cloud
from tests.emulators import ROOT
from tests.settings import ENVIRONMENT


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "celery", "-A", "detection.celery", "worker", "--concurrency", "1"],
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_mistake_at_once_and_no_traceback() -> None:
    ended = start({})
    assert ended.returncode == 1
    for name in ("PHOTOS_BUCKET", "ANSWERS_QUEUE_URL", "RESULTS_KEYS", "DETECTION_MODEL", "RESULTS_URL"):
        assert f"{name} is missing" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_checkpoint_is_refused_with_the_command_that_makes_a_bundle(tmp_path: Path) -> None:
    checkpoint = tmp_path / "mine.pt"
    checkpoint.write_bytes(b"weights")
    ended = start(ENVIRONMENT | {"RESULTS_URL": "http://127.0.0.1:9/results", "DETECTION_MODEL": str(checkpoint)})
    assert ended.returncode == 1
    assert f"python -m detection.model export {checkpoint} --out {tmp_path / 'mine'}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ENVIRONMENT["RESULTS_KEYS"].split(":")[1] not in ended.stderr + ended.stdout


def test_its_environment_says_how_many_processes_it_has(cloud: Cloud, tmp_path: Path) -> None:
    """As on AWS: user data writes the variable, and the image's command names no --concurrency."""
    about = {
        "DETECTION_MODEL": str(write_cat_bundle(tmp_path / "bundle")),
        "RESULTS_URL": "http://127.0.0.1:9/results",
        "CELERY_WORKER_CONCURRENCY": "3",
    }
    options = ["-A", "detection.celery", "worker", "--queues", "answers,photos,photos-bulk"]
    with processes.celery(options, cloud.environment | about, log=tmp_path / "worker.log") as worker:
        assert "concurrency: 3 (prefork)" in worker.output()
        assert len(psutil.Process(worker.process.pid).children()) == 3
