"""Whatever becomes of the way to SQS, a worker goes on, and nothing is lost or run twice."""

from __future__ import annotations

import time

import pytest

from tests.processes import wait_for
from tests.taskqueue.project import Project
from tests.taskqueue.proxy import Proxy

pytestmark = pytest.mark.timeout(240)

AT_ONCE_AFTER = 10  # seconds after the fault's end


def _fail_for(proxy: Proxy, mode: str, seconds: float) -> None:
    proxy.set(mode)
    time.sleep(seconds)
    proxy.set("pass")


@pytest.mark.parametrize("fault", ["refuse", "503", "403", "throttled", "malformed", "cut"])
def test_after_a_fault_the_worker_goes_on(project: Project, proxy: Proxy, fault: str) -> None:
    project.via = proxy.url
    # What is cut off in the middle of an answer stays hidden for the visibility timeout: it isn't worth half a minute to a test.
    with project.worker("--concurrency", "1", transport={"visibility_timeout": 6}) as worker:
        project.send("run", "before")
        wait_for(lambda: project.texts("ended") == ["before"], seconds=30, what="a task before the fault")
        proxy.set(fault)
        project.send("run", "during")
        time.sleep(4)
        proxy.set("pass")
        wait_for(lambda: "during" in project.texts("ended"), seconds=AT_ONCE_AFTER + 6, what="the task sent during the fault")
        project.send("run", "after")
        wait_for(lambda: "after" in project.texts("ended"), seconds=AT_ONCE_AFTER, what="the task sent after the fault")
        assert worker.process.poll() is None
    assert sorted(project.texts("ended")) == ["after", "before", "during"]


def test_half_open_connections_are_given_up(project: Project, proxy: Proxy) -> None:
    project.via = proxy.url
    with project.worker("--concurrency", "1"):
        project.send("run", "before")
        wait_for(lambda: project.texts("ended") == ["before"], seconds=30, what="a task before the fault")
        _fail_for(proxy, "hang", 15)
        project.send("run", "after")
        wait_for(lambda: "after" in project.texts("ended"), seconds=30, what="the task sent after the fault")
    assert project.texts("ended") == ["before", "after"]


def test_what_ends_while_aws_is_away_is_deleted_afterwards(project: Project, proxy: Proxy) -> None:
    project.via = proxy.url
    with project.worker("--concurrency", "1"):
        project.send("run", "long", 3)
        wait_for(lambda: project.texts("started") == ["long"], seconds=30, what="the task to start")
        _fail_for(proxy, "refuse", 6)
        wait_for(lambda: project.depth() == (0, 0), seconds=20, what="an empty queue")
    assert project.texts("ended") == ["long"]


def test_a_task_may_take_longer_than_the_visibility_timeout(project: Project) -> None:
    options = {"visibility_timeout": 4}
    with project.worker("--concurrency", "1", transport=options), project.worker("--concurrency", "1", transport=options):
        project.send("run", "long", 12)
        wait_for(lambda: project.texts("ended") == ["long"], seconds=60, what="the task to end")
        wait_for(lambda: project.depth() == (0, 0), seconds=20, what="an empty queue")
    assert project.texts("started") == ["long"]


def test_prefetched_messages_are_held_too(project: Project) -> None:
    options = {"visibility_timeout": 4}
    with project.worker("--concurrency", "1", transport=options, settings={"worker_prefetch_multiplier": 4}):
        for number in range(3):
            project.send("run", str(number), 6)
        wait_for(lambda: len(project.texts("started")) == 1, seconds=30, what="the first to start")
        with project.worker("--concurrency", "1", transport=options):
            wait_for(lambda: len(project.texts("ended")) == 3, seconds=90, what="three tasks to end")
    assert sorted(project.texts("started")) == ["0", "1", "2"]
    assert len({note.pid for note in project.notes()}) <= 2


def test_a_stuck_task_is_let_go_at_its_limit(project: Project) -> None:
    # Without Celery's own limit, which kills the process of the task: the heartbeat's is for where that doesn't happen.
    options = {"visibility_timeout": 4, "task_limit_seconds": 1}
    with project.worker("--concurrency", "1", transport=options):
        project.send("run", "stuck", 60)
        wait_for(lambda: project.texts("started") == ["stuck"], seconds=30, what="the task to start")
        with project.worker("--concurrency", "1", transport={"visibility_timeout": 30}):
            wait_for(lambda: len(project.texts("started")) == 2, seconds=60, what="another worker to have it")


def test_a_killed_worker_leaves_its_task_to_others(project: Project) -> None:
    options = {"visibility_timeout": 4}
    with project.worker("--concurrency", "1", transport=options) as killed:
        project.send("run", "task", 8)
        wait_for(lambda: project.texts("started") == ["task"], seconds=30, what="the task to start")
        killed.process.kill()
        with project.worker("--concurrency", "1", transport=options):
            wait_for(lambda: project.texts("ended") == ["task"], seconds=60, what="the task to end elsewhere")


def test_a_task_is_told_that_its_receipt_is_lost(project: Project, proxy: Proxy) -> None:
    project.via = proxy.url
    with project.worker("--concurrency", "1", transport={"visibility_timeout": 4}):
        project.send("wait", "task", 60)
        wait_for(lambda: project.texts("started") == ["task"], seconds=30, what="the task to start")
        proxy.set("refuse")  # for longer than the visibility timeout: somebody else gets it, and deletes it
        taken = wait_for(project.take, seconds=30, what="the message to be seen again")
        project.sqs.delete_message(QueueUrl=project.urls["work"], ReceiptHandle=taken["ReceiptHandle"])
        proxy.set("pass")
        wait_for(lambda: project.texts("lost") == ["task"], seconds=30, what="the task to be told")


def test_what_comes_again_to_the_same_worker_is_not_run_twice(project: Project, proxy: Proxy) -> None:
    project.via = proxy.url
    with project.worker("--concurrency", "2", transport={"visibility_timeout": 4}):
        project.send("run", "long", 20)
        wait_for(lambda: project.texts("started") == ["long"], seconds=30, what="the task to start")
        _fail_for(proxy, "refuse", 7)
        wait_for(lambda: project.texts("ended") == ["long"], seconds=60, what="the task to end")
        wait_for(lambda: project.depth() == (0, 0), seconds=20, what="an empty queue")
    assert project.texts("started") == ["long"]
