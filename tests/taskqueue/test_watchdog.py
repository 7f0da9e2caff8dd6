"""A worker that doesn't work any more ends itself; one that does says so to whoever asks."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from taskqueue.health import FRESH_SECONDS, Health, trouble
from taskqueue.watchdog import Patience
from tests.emulators import ROOT
from tests.processes import wait_for
from tests.taskqueue.project import Project
from tests.taskqueue.proxy import Proxy

pytestmark = pytest.mark.timeout(180)


@dataclass
class Worker:
    polled_at: float = 0
    turned_at: float = 0
    draining: bool = False
    room: bool = True

    def has_room(self) -> bool:
        return self.room

    def replace_stuck(self) -> None:
        """Nothing is."""


def test_a_poll_that_never_ends_is_overdue() -> None:
    patience, worker = Patience(60), Worker()
    assert [patience.overdue(worker, now) for now in (0, 30, 60)] == [None] * 3
    worker.turned_at = 61
    assert "no poll" in (patience.overdue(worker, 61) or "")


def test_a_worker_without_room_has_none_to_wait_for() -> None:
    patience, worker = Patience(60), Worker(room=False)
    for now in range(0, 600, 30):
        worker.turned_at = now
        assert patience.overdue(worker, now) is None
    worker.room = True  # from here on a poll is due
    for now in (600, 660):
        worker.turned_at = now
        assert patience.overdue(worker, now) is None
    worker.turned_at = 661
    assert patience.overdue(worker, 661) is not None


def test_a_loop_that_does_not_turn_is_overdue() -> None:
    assert "event loop" in (Patience(60).overdue(Worker(polled_at=100, turned_at=39), 100) or "")


def test_a_draining_worker_is_left_alone() -> None:
    assert Patience(60).overdue(Worker(draining=True), 1000) is None


def test_a_worker_that_polls_in_vain_ends_itself(project: Project, proxy: Proxy) -> None:
    project.via = proxy.url
    with project.worker("--concurrency", "1", transport={"watchdog_seconds": 3}) as worker:
        proxy.set("hang")
        assert worker.process.wait(60) == 70
    assert "worker ends itself: no poll has come to its end" in worker.output()


def test_a_worker_whose_loop_hangs_ends_itself(project: Project) -> None:
    with project.worker("--concurrency", "1", transport={"watchdog_seconds": 3}, environment={"HANG_ON": "USR1"}) as worker:
        project.send("run", "task")
        wait_for(lambda: project.texts("ended") == ["task"], seconds=30, what="a task before the loop hangs")
        worker.process.send_signal(signal.SIGUSR1)
        assert worker.process.wait(60) == 70
    assert "worker ends itself: the event loop has not turned" in worker.output()


def _asks(question: str, file: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", "taskqueue.health", question, str(file)], cwd=ROOT, check=False, capture_output=True
    ).returncode


def test_a_container_can_ask(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "health"
    assert _asks("live", file) == 1
    with project.worker("--concurrency", "1", environment={"TASKQUEUE_HEALTH_FILE": str(file)}) as worker:
        wait_for(lambda: trouble(file, "ready", now=file.stat().st_mtime if file.exists() else 0) is None, seconds=20, what="ready")
        assert (_asks("live", file), _asks("ready", file)) == (0, 0)
        project.send("run", "task", 4)
        wait_for(lambda: project.texts("started") == ["task"], seconds=30, what="the task to start")
        worker.process.send_signal(signal.SIGTERM)
        wait_for(lambda: _asks("ready", file) == 1, seconds=20, what="not ready any more")
        assert _asks("live", file) == 0
        assert worker.process.wait(40) == 0


def test_an_old_file_tells_of_nobody(tmp_path: Path) -> None:
    health = Health(tmp_path / "health")
    health.write(live=True, ready=False, polled=1)
    at = (tmp_path / "health").stat().st_mtime
    assert trouble(tmp_path / "health", "live", now=at) is None
    assert "not ready" in (trouble(tmp_path / "health", "ready", now=at) or "")
    assert "s ago" in (trouble(tmp_path / "health", "live", now=at + FRESH_SECONDS + 2) or "")


def test_a_file_that_can_not_be_written_ends_nobody(tmp_path: Path) -> None:
    health = Health(tmp_path / "no such folder" / "health")
    health.write(live=True, ready=True, polled=1)
    assert health.path is None
