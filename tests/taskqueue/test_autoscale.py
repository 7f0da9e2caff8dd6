"""`--autoscale` on a real worker: it grows, it shrinks, and no task pays for it."""

from __future__ import annotations

import time

import psutil
import pytest

from tests.processes import Running, wait_for
from tests.taskqueue.project import Project

pytestmark = pytest.mark.timeout(300)


def _processes(worker: Running) -> int:
    return len(psutil.Process(worker.process.pid).children())


def _wait_for_ends(project: Project, count: int) -> None:
    wait_for(lambda: len(project.texts("ended")) >= count, seconds=60, what=f"{count} tasks to end")


def test_it_grows_with_the_work_and_shrinks_after_quiet(project: Project) -> None:
    with project.worker("--autoscale", "4,1", environment={"AUTOSCALE_KEEPALIVE": "2"}) as worker:
        assert _processes(worker) == 1
        for number in range(12):
            project.send("run", str(number), 2)
        wait_for(lambda: _processes(worker) == 4, seconds=30, what="four processes")
        wait_for(lambda: len(project.texts("ended")) == 12, seconds=60, what="12 tasks to end")
        wait_for(lambda: _processes(worker) == 1, seconds=30, what="one process again")
        assert sorted(project.texts("started"), key=int) == [str(number) for number in range(12)]
        assert project.depth() == (0, 0)


def test_it_holds_no_more_than_can_run(project: Project) -> None:
    for number in range(12):
        project.send("run", str(number), 3)
    with project.worker("--autoscale", "2,1") as worker:
        wait_for(lambda: len(project.texts("started")) >= 2, seconds=30, what="two tasks to start")
        assert _processes(worker) == 2
        assert project.depth()[1] <= 3


def test_no_task_is_lost_or_run_twice_over_many_shrinks(project: Project) -> None:
    rounds, tasks = 8, 10
    with project.worker("--autoscale", "4,1", environment={"AUTOSCALE_KEEPALIVE": "0.3"}) as worker:
        most = 0
        for sent in range(0, rounds * tasks, tasks):
            for number in range(tasks):
                project.send("run", str(sent + number), 0.1)
            # New work comes just when the processes of the old one are being ended.
            _wait_for_ends(project, sent + tasks - 1)
            most = max(most, _processes(worker))
            time.sleep(1.2)
        _wait_for_ends(project, rounds * tasks)
        assert "Scaling down" in worker.output()
        assert most > 1
    assert sorted(project.texts("started"), key=int) == [str(number) for number in range(rounds * tasks)]
