"""A process is killed at each arrow of the flow; the answer comes, once, in under 90 s.

Killed is the whole process group at once (SIGKILL), as when a machine is lost; it is started again, as a supervisor would.
Each arrow is found by the log line that the product writes there (tests.armed), so there is no hook in the product. The
visibility timeout is 30 s and a claim's lease 60 s, as in use.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from detection import predictions
from detection.celery import ANSWERS, RECONCILE
from detection.send import send
from tests import processes, queues
from tests.flow.photo import photo
from tests.service import Service, wait_for_answers

DEADLINE = 90.0

# where → who is killed, and at which line
ARROWS = {
    "after S3": ("site", r" stored:"),
    "after create": ("site", r" created$"),
    "after send": ("site", r" sent to photos$"),
    "after start": ("worker", r" started: "),
    "after save": ("worker", r" saved$"),
    "after finish": ("worker", r" finished: "),
    "after claim": ("site", r" claimed$"),
    "after Telegram's 200": ("site", r" sent$"),
}


@pytest.mark.timeout(200)
@pytest.mark.parametrize("arrow", ARROWS)
def test_the_answer_comes(up: Service, tmp_path: Path, arrow: str) -> None:
    who, line = ARROWS[arrow]
    marker = tmp_path / "armed"
    marker.touch()
    armed = (str(marker), "kill", line)
    site = up.site(armed=armed if who == "site" else ())
    worker = up.worker(armed=armed if who == "worker" else ())
    chat = up.chats.new()

    began = time.monotonic()
    message = up.chats.send_photo(chat, photo())
    killed = site if who == "site" else worker
    processes.wait_for(lambda: killed.process.poll() is not None, seconds=30, what=f"the end of the {who}\n{up.logs()}")
    assert not marker.exists(), up.logs()
    if who == "site":
        up.site()
    else:
        up.worker()
    answers = _wait_with_reconcile(up, chat, began)
    took = time.monotonic() - began
    _settle(up)

    times = len(up.chats.answers_to(chat, message))
    # Telegram took the first one and we died before we could note it: better twice than never
    assert times == (2 if arrow == "after Telegram's 200" else 1), up.logs()
    assert all("cat" in str(answer["caption"]) for answer in answers)
    assert took < DEADLINE
    stored = predictions.get(f"{chat}-{message}")
    assert stored is not None
    assert stored.replied_at is not None
    assert [one.prediction_id for one in predictions.of_chat(chat, limit=10)] == [f"{chat}-{message}"]


def _wait_with_reconcile(up: Service, chat: int, began: float) -> list[dict[str, object]]:
    """Until the prediction is recorded as replied to, with `reconcile` sent every 20 s meanwhile."""
    last = time.monotonic()
    while time.monotonic() - began < DEADLINE + 10:
        newest = predictions.of_chat(chat, limit=1)
        if newest and not newest[0].is_open:
            return wait_for_answers(up, chat)
        if time.monotonic() - last > 20:
            send(RECONCILE, queue=ANSWERS)
            last = time.monotonic()
        time.sleep(0.2)
    raise AssertionError(f"no answer in {DEADLINE + 10:g} s\n{up.logs()}")


def _settle(up: Service) -> None:
    """Until nothing is on its way that could still answer: no message, and no update that Telegram would deliver again."""
    processes.wait_for(
        lambda: queues.depth("photos") == (0, 0, 0) == queues.depth("answers"), seconds=60, what=f"empty queues\n{up.logs()}"
    )
    time.sleep(1)
