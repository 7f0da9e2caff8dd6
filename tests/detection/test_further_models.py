"""The models that a worker has besides its own: loaded when asked for, told to the admin, checked at the start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from detection import config, served, tasks
from detection.clock import now
from detection.model import further
from detection.model.errors import ModelError
from detection.overview import versions
from taskqueue import clients
from taskqueue.registry import Registry, Worker
from tests.bundles import write_cat_bundle
from tests.clouds import Cloud
from tests.detection.test_worker_start import start
from tests.settings import ENVIRONMENT


@pytest.fixture
def worker(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a worker that serves one-cat, and has two-cats and three-cats."""
    for version in ("one-cat", "two-cats", "three-cats"):
        write_cat_bundle(tmp_path / version, version=version)
    monkeypatch.setenv("RESULTS_URL", "http://127.0.0.1:9/results")
    monkeypatch.setenv("DETECTION_MODEL", str(tmp_path / "one-cat"))
    monkeypatch.setenv("FURTHER_MODELS", f"{tmp_path / 'two-cats'}, {tmp_path / 'three-cats'}")
    config.forget()
    tasks.further_detector.cache_clear()
    return tmp_path


def test_each_is_loaded_when_it_is_first_asked_for_and_stays(worker: Path) -> None:
    detector = tasks.further_detector("two-cats")
    assert detector
    assert detector.model == "two-cats"
    assert [found.label for found in detector.detect(np.zeros((480, 640, 3), np.uint8))] == ["cat"]
    assert tasks.further_detector("two-cats") is detector
    assert tasks.further_detector("four-cats") is None


def test_one_that_has_changed_is_not_served(worker: Path, caplog: pytest.LogCaptureFixture) -> None:
    (worker / "two-cats" / "model.onnx").write_bytes(b"another")
    assert tasks.further_detector("two-cats") is None
    assert "has changed" in caplog.text


def test_a_worker_says_which_it_has(worker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert versions()["model"] == "one-cat"
    assert versions()["further"] == "two-cats,three-cats"
    monkeypatch.delenv("FURTHER_MODELS")
    config.forget()
    assert "further" not in versions()


def test_what_workers_serve_is_what_those_say_that_are_up(cloud: Cloud) -> None:
    registry = Registry(clients.make("dynamodb"), config.shared().workers_table)
    for name, age, told in (("a", 1, {"model": "m-1", "further": "m-2,m-3"}), ("b", 1, {"model": "m-2"}), ("c", 60, {"model": "m-9"})):
        beat = now() - timedelta(seconds=age)
        registry.put(Worker(worker=name, host="h", started_at=beat, heartbeat_at=beat, versions=told))
    registry.put(Worker(worker="d", host="h", started_at=now(), heartbeat_at=now()))
    assert served.models() == ["m-1", "m-2", "m-3"]


def test_two_of_one_version_are_a_mistake(worker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cat_bundle(worker / "copy", version="two-cats")
    monkeypatch.setenv("FURTHER_MODELS", f"{worker / 'two-cats'},{worker / 'copy'}")
    config.forget()
    with pytest.raises(ModelError, match="names version two-cats twice"):
        further.folders()


def test_a_worker_does_not_start_with_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    told = {"DETECTION_MODEL": str(write_cat_bundle(tmp_path / "own")), "FURTHER_MODELS": str(tmp_path / "nothing")}
    ended = start(ENVIRONMENT | {"RESULTS_URL": "http://127.0.0.1:9/results"} | told)
    assert ended.returncode == 1
    assert f"worker not started: {tmp_path / 'nothing'} is not a model bundle: it does not exist" in ended.stderr
    assert "Traceback" not in ended.stderr
