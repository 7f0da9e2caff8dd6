"""What a worker does with its queues when nothing is wrong."""

from __future__ import annotations

import pytest

from tests.processes import wait_for
from tests.taskqueue.project import Project

BOTH = pytest.mark.parametrize("endpoint", ["ministack", "moto"], indirect=True)


@BOTH
def test_every_task_runs_once_and_leaves_the_queue(project: Project) -> None:
    with project.worker("--concurrency", "2", settings={"worker_prefetch_multiplier": 10}):
        for number in range(30):
            project.send("run", f"task-{number}")
        wait_for(lambda: len(project.texts("ended")) >= 30, seconds=60, what="30 tasks to end")
        wait_for(lambda: project.depth() == (0, 0), seconds=20, what="an empty queue")
    assert sorted(project.texts("ended")) == sorted(f"task-{number}" for number in range(30))


def test_queues_are_read_in_their_order(three_queues: Project) -> None:
    for queue in ("third", "second", "first"):
        for number in range(4):
            three_queues.send("run", f"{queue}-{number}", 0.1, queue=queue)
    with three_queues.worker("--concurrency", "1"):
        wait_for(lambda: len(three_queues.texts("ended")) == 12, seconds=60, what="12 tasks to end")
    assert [text.partition("-")[0] for text in three_queues.texts("started")] == ["first"] * 4 + ["second"] * 4 + ["third"] * 4


def test_a_message_of_an_earlier_queue_overtakes_what_was_prefetched(three_queues: Project) -> None:
    with three_queues.worker("--concurrency", "1", settings={"worker_prefetch_multiplier": 4}):
        for number in range(6):
            three_queues.send("run", f"third-{number}", 1, queue="third")
        wait_for(lambda: len(three_queues.texts("started")) == 1, seconds=30, what="the first to start")
        three_queues.send("run", "first", queue="first")
        wait_for(lambda: len(three_queues.texts("ended")) == 7, seconds=60, what="7 tasks to end")
    # It waits for the task that runs, and at worst for the one that took its place before the next poll came back.
    assert three_queues.texts("started").index("first") <= 2


def test_a_waiting_worker_takes_a_message_of_any_queue_at_once(three_queues: Project) -> None:
    with three_queues.worker("--concurrency", "1", transport={"wait_time_seconds": 20}):
        for queue in ("third", "first", "second"):
            sent = len(three_queues.notes("ended"))
            three_queues.send("run", queue, queue=queue)
            # Far less than the polls that are open on the other queues go on waiting for.
            wait_for(lambda sent=sent: len(three_queues.notes("ended")) > sent, seconds=10, what=queue)  # type: ignore[misc]


def test_a_worker_holds_no_more_than_it_may(project: Project) -> None:
    for number in range(12):
        project.send("run", str(number), 2)
    with project.worker("--concurrency", "1", settings={"worker_prefetch_multiplier": 3}):
        wait_for(lambda: len(project.texts("started")) == 2, seconds=60, what="the second to start")
        assert project.depth()[1] <= 4  # three, and the one that is just being deleted


def test_a_failed_task_comes_back_after_a_pause(project: Project) -> None:
    with project.worker("--concurrency", "1"):
        project.send("fail", "it")
        wait_for(lambda: len(project.texts("started")) == 2, seconds=60, what="the second try")
    first, second = project.notes("started")[:2]
    assert second.at - first.at >= 0.9


def test_a_task_whose_process_dies_comes_back(project: Project) -> None:
    with project.worker("--concurrency", "1") as worker:
        project.send("die", "it")
        wait_for(lambda: len(project.texts("started")) == 2, seconds=60, what="the second try")
        assert worker.process.poll() is None
