"""`kill -9` on a worker in the middle of a prediction, and a photo that kills its worker each time."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from detection import predictions
from detection.prediction import Failure, Status
from taskqueue.config import VISIBILITY_SECONDS
from tests import processes
from tests.flow.photo import photo
from tests.service import Service, wait_for_answers


@pytest.mark.timeout(150)
@pytest.mark.parametrize("whom", ["the process that works", "the whole worker"])
def test_the_answer_still_comes_once_in_under_a_minute(up: Service, tmp_path: Path, whom: str) -> None:
    assert VISIBILITY_SECONDS == 30
    marker = tmp_path / "armed"
    marker.touch()
    up.site()
    worker = up.worker(armed=(str(marker), "hang", r" loaded: "))
    chat = up.chats.new()
    message = up.chats.send_photo(chat, photo())
    hanging = processes.wait_for(lambda: re.search(r"hang of process (\d+)", worker.output()), seconds=30, what="a prediction at work")

    killed_at = time.monotonic()
    if whom == "the whole worker":
        os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.wait(10)
        up.worker()
    else:
        marker.unlink()  # what takes its place shall work
        os.kill(int(hanging[1]), signal.SIGKILL)
    wait_for_answers(up, chat, seconds=60)
    assert time.monotonic() - killed_at < 60
    time.sleep(3)
    assert len(up.chats.answers_to(chat, message)) == 1
    stored = predictions.get(f"{chat}-{message}")
    assert stored is not None
    assert (stored.status, stored.attempts) == (Status.DONE, 2)


@pytest.mark.timeout(240)
def test_a_photo_that_kills_its_worker_each_time(up: Service, tmp_path: Path) -> None:
    marker = tmp_path / "armed"
    marker.touch()
    up.site()
    deadly, others = up.chats.new(), [up.chats.new() for _ in range(6)]
    worker = up.worker(concurrency=2, armed=(str(marker), "kill-process", rf"^{deadly}-\d+ loaded: "))
    message = up.chats.send_photo(deadly, photo())
    waits = []
    for chat in others:
        sent_at = time.monotonic()
        up.chats.send_photo(chat, photo())
        wait_for_answers(up, chat, seconds=40)
        waits.append(time.monotonic() - sent_at)
        time.sleep(2)
    (answer,) = wait_for_answers(up, deadly, seconds=120)
    assert worker.process.poll() is None, "the worker itself lives on"
    assert "photo" not in answer
    stored = predictions.get(f"{deadly}-{message}")
    assert stored is not None
    assert (stored.status, stored.failure, stored.attempts) == (Status.FAILED, Failure.GAVE_UP, 4)
    assert len(re.findall(r"kill-process of process", worker.output())) == 3
    assert max(waits) < 15, f"others waited: {waits}"
