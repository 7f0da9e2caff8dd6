"""Workers say what they do, in a table that is listed by a Query; and nothing of that is ever in a task's way."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from taskqueue import clients
from taskqueue.operating import operating_settings
from taskqueue.registry import KEPT, Registry, RunningTask, Worker, create_table, from_item, to_item
from tests.processes import wait_for
from tests.settings import CLOSED
from tests.taskqueue.project import Project

AT = datetime(2026, 11, 23, 22, 38, 4, 123000, tzinfo=UTC)
SOME = Worker(
    worker="celery@vm/4711",
    host="vm",
    instance="i-0123456789abcdef0",
    started_at=AT - timedelta(hours=1),
    heartbeat_at=AT,
    versions={"python": "3.11.7", "model": "yolov5n-4f180cf23ba0"},
    queues=("first", "second"),
    paused=("second",),
    memory_bytes=631_242_752,
    processes=4,
    busy=1,
    running=(RunningTask(id="5f0c", name="run", started_at=AT),),
    last_poll_at=AT,
    done=12,
    failed=1,
    redelivered=2,
    duplicates=1,
)
both_emulators = pytest.mark.parametrize("endpoint", ["ministack", "moto"], indirect=True)


@pytest.fixture
def table(project: Project) -> str:
    name = f"{project.prefix}-workers"
    assert create_table(clients.make("dynamodb"), name)
    return name


@pytest.fixture
def registry(table: str) -> Registry:
    return Registry(clients.make("dynamodb"), table)


def now() -> datetime:
    return datetime.now(UTC)


def only(registry: Registry) -> Worker | None:
    found = registry.workers(now())
    assert len(found) < 2
    return found[0] if found else None


def seen(registry: Registry, what: Callable[[Worker], bool], *, seconds: float = 20) -> Worker:
    """The one worker, as soon as this is true of it."""

    def look() -> Worker | None:
        found = only(registry)
        return found if found and what(found) else None

    return wait_for(look, seconds=seconds, what="a worker of which it is true")


def settings(table: str, **more: Any) -> dict[str, Any]:
    return operating_settings(registry_table=table, **more)


def proportional_set_sizes(pid: int) -> int:
    """Of a process and all below it, as another program counts them."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(process.memory_full_info().pss for process in processes)


def test_a_worker_is_read_as_it_was_written() -> None:
    assert from_item(to_item(SOME)) == SOME


def test_a_later_version_may_write_more() -> None:
    assert from_item(to_item(SOME) | {"mood": {"S": "fine"}}) == SOME


@both_emulators
def test_all_are_listed_by_name_and_each_can_be_taken_off(registry: Registry) -> None:
    other = Worker(worker="celery@other/1", host="other", started_at=AT, heartbeat_at=AT)
    for worker in (SOME, other, other):
        registry.put(worker)
    assert registry.workers(AT) == [other, SOME]
    registry.remove(other.worker)
    assert registry.workers(AT) == [SOME]


@both_emulators
def test_what_has_expired_is_not_listed_even_where_dynamodb_has_it_still(registry: Registry) -> None:
    registry.put(SOME)
    assert registry.workers(AT + KEPT - timedelta(seconds=1)) == [SOME]
    assert registry.workers(AT + KEPT) == []


def test_a_table_that_is_there_is_left_as_it_is(table: str) -> None:
    assert not create_table(clients.make("dynamodb"), table)


def test_a_worker_is_silent_after_three_writes_that_did_not_come() -> None:
    assert SOME.state(AT + timedelta(seconds=34)) == "up"
    assert SOME.state(AT + timedelta(seconds=36)) == "silent"


def test_a_worker_tells_what_it_runs_and_what_it_did(project: Project, registry: Registry, table: str) -> None:
    told = settings(table, versions="tests.taskqueue.operations:versions") | {"taskqueue_beat_seconds": 0.2}
    project.send("run", "quick")
    project.send("fail", "this")
    project.send("die", "that")
    with project.worker("--concurrency", "2", settings=told) as worker:
        wait_for(lambda: project.texts("ended"), seconds=20, what="the quick task's end")
        seen(registry, lambda one: one.done == 1 and one.failed >= 2)  # the one that raised, and the one that was killed
        task_id = project.send("run", "slow", 4)
        busy = seen(registry, lambda one: any(task.id == task_id for task in one.running))
        slow = next(task for task in busy.running if task.id == task_id)
        assert slow.name == "run"
        started = next(note.at for note in project.notes("started") if note.text == "slow")
        assert slow.started_at.timestamp() == pytest.approx(started, abs=0.5)
        assert (busy.processes, busy.queues, busy.instance, busy.state(now())) == (2, ("work",), None, "up")
        assert busy.last_poll_at
        assert now() - busy.last_poll_at < timedelta(seconds=5)
        assert busy.versions["samples"] == "1.2.3"
        assert {"python", "celery"} < set(busy.versions)
        assert busy.memory_bytes == pytest.approx(proportional_set_sizes(worker.process.pid), rel=0.1)
    assert only(registry) is None  # it signed off


def test_a_worker_whose_time_is_over_signs_off_too(project: Project, registry: Registry, table: str) -> None:
    with project.worker(settings=settings(table), transport={"grace_seconds": 1}) as worker:
        project.send("run", "slow", 30)
        wait_for(lambda: project.texts("started"), seconds=20, what="the task's start")
        seen(registry, lambda one: one.state(now()) == "up")
        worker.process.send_signal(signal.SIGTERM)
        worker.process.wait(20)
        assert only(registry) is None


def test_a_worker_that_drains_says_so_at_once_and_signs_off(project: Project, registry: Registry, table: str) -> None:
    with project.worker(settings=settings(table)) as worker:
        project.send("run", "slow", 3)
        wait_for(lambda: project.texts("started"), seconds=20, what="the task's start")
        worker.process.send_signal(signal.SIGTERM)
        seen(registry, lambda one: one.state(now()) == "draining", seconds=3)
        worker.process.wait(20)
        assert only(registry) is None


def test_a_worker_that_is_killed_stays_listed(project: Project, registry: Registry, table: str) -> None:
    with project.worker(settings=settings(table)) as worker:
        killed = seen(registry, lambda _: True)
        os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
    left = only(registry)
    assert left == killed
    assert left.state(now() + timedelta(minutes=1)) == "silent"


def test_an_outage_of_dynamodb_costs_log_lines_alone(project: Project) -> None:
    told = settings("nowhere", versions="tests.taskqueue.operations:nothing_like_this") | {"taskqueue_beat_seconds": 0.2}
    with project.worker(settings=told, environment={"AWS_ENDPOINT_URL_DYNAMODB": CLOSED}) as worker:
        wait_for(lambda: "could not write to the registry" in worker.output(), seconds=20, what="a log line")
        project.send("run", "anyway")
        wait_for(lambda: project.texts("ended"), seconds=10, what="the task's end")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(15) == 0
        assert "could not learn the versions" in worker.output()
