"""A queue that is paused is left alone by every worker, until it is resumed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from taskqueue import clients
from taskqueue.operating import operating_settings
from taskqueue.order import Order
from taskqueue.pauses import Pause, Pauses
from taskqueue.registry import Registry, Worker, create_table
from tests.processes import wait_for
from tests.taskqueue.project import Project
from tests.taskqueue.test_command_line import APP, taskqueue

AT = datetime(2026, 11, 23, 22, 38, 4, 123000, tzinfo=UTC)
BEAT = 0.2
both_emulators = pytest.mark.parametrize("endpoint", ["ministack", "moto"], indirect=True)


@pytest.fixture
def project(three_queues: Project) -> Project:
    return three_queues


@pytest.fixture
def table(project: Project) -> str:
    name = f"{project.prefix}-workers"
    assert create_table(clients.make("dynamodb"), name)
    return name


@pytest.fixture
def pauses(table: str) -> Pauses:
    return Pauses(clients.make("dynamodb"), table)


def heard(table: str, *queues: str) -> Worker | None:
    """The worker, once it has heard that just these are paused."""
    found = Registry(clients.make("dynamodb"), table).workers(datetime.now(UTC))
    return next((one for one in found if one.paused == queues), None)


@both_emulators
def test_a_pause_is_kept_apart_from_the_workers_and_its_first_word_counts(pauses: Pauses, table: str) -> None:
    assert pauses.pause("second", by="olga", at=AT)
    assert not pauses.pause("second", by="sam", at=AT + timedelta(hours=1))
    assert pauses.all() == {"second": Pause("second", AT, "olga")}
    assert Registry(clients.make("dynamodb"), table).workers(AT) == []
    assert pauses.resume("second")
    assert not pauses.resume("second")
    assert pauses.all() == {}


def test_a_paused_queue_is_passed_over_as_if_it_were_empty() -> None:
    order = Order(["first", "second", "third"], wait=5)
    order.paused = frozenset({"first", "third"})
    assert order.ask("first", room=3, now=0) is None
    ask = order.ask("second", room=3, now=0)
    assert ask
    assert (ask.count, ask.wait) == (3, 5)


def test_a_worker_leaves_it_alone_and_lives_until_it_is_resumed(project: Project, pauses: Pauses, table: str) -> None:
    """All of its queues are paused for longer than the watchdog waits for a poll; then one after the other is resumed."""
    told = operating_settings(registry_table=table) | {"taskqueue_beat_seconds": BEAT}
    with project.worker("--concurrency", "1", settings=told, transport={"watchdog_seconds": 2}) as worker:
        project.send("run", "before", queue="second")
        wait_for(lambda: project.texts("ended") == ["before"], seconds=20, what="a task before the pause")
        for queue in project.names:
            pauses.pause(queue, by="olga", at=AT)
        wait_for(lambda: heard(table, *project.names), seconds=10, what="the worker's word that it has heard")
        paused_at = time.monotonic()
        for queue in ("first", "second"):
            project.send("run", queue, queue=queue)
        while time.monotonic() < paused_at + 4:
            assert worker.process.poll() is None, worker.output()
            assert project.texts("started") == ["before"]
            time.sleep(0.2)
        # Whatever a poll that was open brought was given back, for everyone to see.
        assert (project.depth("first"), project.depth("second")) == ((1, 0), (1, 0))
        pauses.resume("second")
        wait_for(lambda: project.texts("ended") == ["before", "second"], seconds=10, what="the resumed queue's task")
        assert heard(table, "first", "third")
        pauses.resume("first")
        wait_for(lambda: project.texts("ended") == ["before", "second", "first"], seconds=10, what="the other queue's task")


def test_what_runs_goes_on_to_its_end_and_what_waits_is_given_back(project: Project, pauses: Pauses, table: str) -> None:
    told = operating_settings(registry_table=table) | {"taskqueue_beat_seconds": BEAT, "worker_prefetch_multiplier": 4}
    with project.worker("--concurrency", "1", settings=told):
        for text in ("runs", "waits", "waits-too"):
            project.send("run", text, 5, queue="first")
        wait_for(lambda: project.depth("first") == (0, 3), seconds=15, what="three messages held")
        pauses.pause("first", by="olga", at=AT)
        wait_for(lambda: project.depth("first") == (2, 1), seconds=10, what="two of them back in the queue")
        wait_for(lambda: project.texts("ended"), seconds=10, what="the end of what runs")
        assert len(project.notes("started")) == 1


def test_a_worker_that_starts_reads_no_queue_that_is_paused(project: Project, pauses: Pauses, table: str) -> None:
    pauses.pause("first", by="olga", at=AT)
    for queue in ("first", "second"):
        project.send("run", queue, queue=queue)
    with project.worker("--concurrency", "1", settings=operating_settings(registry_table=table)):
        wait_for(lambda: project.texts("ended"), seconds=20, what="the task of the queue that is not paused")
        assert project.texts("started") == ["second"]
        assert project.depth("first") == (1, 0)


def test_the_command_line_pauses_and_resumes_and_shows_it(project: Project, pauses: Pauses, table: str) -> None:
    settings = operating_settings(registry_table=table)
    told = taskqueue("pause", "second", "-A", APP, project=project, settings=settings)
    assert (told.returncode, "second is paused" in told.stdout) == (0, True)
    assert list(pauses.all()) == ["second"]
    for command in ("status", "queues"):
        rows = [line.split() for line in taskqueue(command, "-A", APP, project=project, settings=settings).stdout.splitlines()]
        assert [row[0] for row in rows if row and row[-1] == "paused"] == ["second"]
    assert "already" in taskqueue("pause", "second", "-A", APP, project=project, settings=settings).stdout
    told = taskqueue("resume", "second", "--json", "-A", APP, project=project, settings=settings)
    assert told.stdout.split() == ["{", '"queue":', '"second",', '"paused":', "false,", '"changed":', "true", "}"]
    assert pauses.all() == {}
