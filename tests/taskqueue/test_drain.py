"""A worker that is told to stop: nothing is held back, lost or run twice, and it is gone in time."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from taskqueue.instance import Metadata
from tests.processes import Running, wait_for
from tests.taskqueue.machine import GROUP, HOOK, INSTANCE, Machine, spot_notice
from tests.taskqueue.project import Project

pytestmark = pytest.mark.timeout(180)

PREFETCH = {"worker_prefetch_multiplier": 5}


@pytest.fixture
def machine() -> Iterator[Machine]:
    machine = Machine()
    yield machine
    machine.close()


def _ended(worker: Running, seconds: float) -> int:
    return worker.process.wait(seconds)


def _start_tasks(project: Project, count: int, seconds: float) -> None:
    for number in range(count):
        project.send("run", str(number), seconds)
    wait_for(lambda: len(project.texts("started")) == 1, seconds=60, what="the first to start")


def test_what_waits_is_given_back_and_what_runs_ends(project: Project) -> None:
    with project.worker("--concurrency", "1", settings=PREFETCH) as worker:
        _start_tasks(project, 4, 8)
        wait_for(lambda: project.depth() == (0, 4), seconds=20, what="four held messages")
        worker.process.send_signal(signal.SIGTERM)
        wait_for(lambda: project.depth() == (3, 1), seconds=5, what="three messages given back")
        assert project.texts("ended") == []
        assert _ended(worker, 40) == 0
    assert project.texts("ended") == ["0"]
    assert project.depth() == (3, 0)


def test_after_the_signal_no_message_is_kept(project: Project) -> None:
    with project.worker("--concurrency", "1", transport={"wait_time_seconds": 10}) as worker:
        _start_tasks(project, 1, 5)
        worker.process.send_signal(signal.SIGTERM)
        project.send("run", "late")
        with project.worker("--concurrency", "1"):
            wait_for(lambda: "late" in project.texts("ended"), seconds=30, what="another worker to run it")
    assert project.texts("started").count("late") == 1


def test_at_the_end_of_the_grace_period_what_runs_is_given_back(project: Project) -> None:
    with project.worker("--concurrency", "1", transport={"grace_seconds": 2}) as worker:
        _start_tasks(project, 1, 90)
        worker.process.send_signal(signal.SIGTERM)
        assert _ended(worker, 30) == 0
        assert project.depth() == (1, 0)
    assert project.texts("ended") == []
    assert project.texts("given_back") == ["0"]  # the application is told: it may not want to count this as an attempt


def test_told_twice_it_does_not_wait(project: Project) -> None:
    with project.worker("--concurrency", "2", settings=PREFETCH) as worker:
        _start_tasks(project, 1, 90)
        worker.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        worker.process.send_signal(signal.SIGTERM)
        assert _ended(worker, 20) == 0
    assert project.depth() == (1, 0)


def test_an_idle_worker_ends_with_its_poll(project: Project) -> None:
    with project.worker("--concurrency", "1", transport={"wait_time_seconds": 2}) as worker:
        worker.process.send_signal(signal.SIGTERM)
        assert _ended(worker, 20) == 0


@pytest.mark.parametrize(
    ("path", "notice"),
    [
        ("spot/instance-action", spot_notice("2030-01-01T00:02:00Z")),
        ("events/recommendations/rebalance", '{"noticeTime": "2030-01-01T00:00:00Z"}'),
    ],
)
def test_a_notice_of_the_instances_end_drains_it(project: Project, machine: Machine, path: str, notice: str) -> None:
    with project.worker("--concurrency", "1", transport={"instance_every_seconds": 0.5}, environment=machine.environment) as worker:
        _start_tasks(project, 1, 4)
        machine.metadata[path] = notice
        assert _ended(worker, 40) == 0
    assert project.texts("ended") == ["0"]
    assert project.depth() == (0, 0)
    assert machine.completed == []  # the group has not asked for it


@pytest.mark.parametrize("grace", [1, 25])
def test_its_group_is_told_that_it_may_go(project: Project, machine: Machine, grace: int) -> None:
    options = {"instance_every_seconds": 0.5, "grace_seconds": grace}
    with project.worker("--concurrency", "1", transport=options, environment=machine.environment) as worker:
        _start_tasks(project, 1, 5)
        assert machine.completed == []
        machine.metadata["autoscaling/target-lifecycle-state"] = "Terminated"
        assert _ended(worker, 40) == 0
    (completed,) = machine.completed
    assert completed["LifecycleActionResult"] == "CONTINUE"
    assert (completed["AutoScalingGroupName"], completed["LifecycleHookName"], completed["InstanceId"]) == (GROUP, HOOK, INSTANCE)


def test_a_token_that_has_run_out_is_renewed(machine: Machine) -> None:
    metadata = Metadata(machine.url)
    assert metadata.get("instance-id") == INSTANCE
    machine.tokens.append("another")
    assert metadata.get("instance-id") == INSTANCE
    assert len(machine.tokens) == 3
