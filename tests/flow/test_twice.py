"""Everything may come twice, and is answered once."""

from __future__ import annotations

import time

from detection import aws, config, predictions
from detection.celery import DETECT
from detection.prediction import Status
from tests import processes, queues
from tests.emulators import free_port
from tests.flow.photo import photo
from tests.service import Service, wait_for_answers


def test_the_same_update_to_two_sites_at_the_same_moment(up: Service) -> None:
    """One prediction, and one reply."""
    other = free_port()
    chat = up.chats.new()
    message = up.chats.send_photo(chat, photo())  # no site is up yet: Telegram keeps trying
    (update,) = up.chats.updates(chat)
    up.site()
    up.site(port=other)
    up.worker(concurrency=2)
    urls = [up.webhook, f"http://127.0.0.1:{other}/webhook"]
    answers = up.chats.deliver(update["update_id"], urls=urls, times=3)
    assert [answer["status"] for answer in answers] == [200] * 6
    wait_for_answers(up, chat)
    settle(up, f"{chat}-{message}")
    assert len(up.chats.answers(chat)) == 1
    assert [one.prediction_id for one in predictions.of_chat(chat, limit=10)] == [f"{chat}-{message}"]


def test_the_same_message_of_the_queue_twice(up: Service) -> None:
    up.site()
    chat = up.chats.new()
    message = up.chats.send_photo(chat, photo())
    processes.wait_for(lambda: queues.depth("photos") == (1, 0, 0), seconds=20, what="a task in the queue")
    (task,) = queues.peek("photos")
    assert (task.name, task.arguments) == (DETECT, [f"{chat}-{message}"])
    for _ in range(3):
        aws.sqs().send_message(QueueUrl=config.shared().queue_urls["photos"], MessageBody=task.body)
    up.worker(concurrency=2)
    wait_for_answers(up, chat)
    settle(up, f"{chat}-{message}")
    assert len(up.chats.answers(chat)) == 1
    stored = predictions.get(f"{chat}-{message}")
    assert stored is not None
    assert stored.status is Status.DONE


def settle(up: Service, name: str) -> None:
    """Wait until everything that is on its way has arrived."""
    processes.wait_for(
        lambda: queues.depth("photos") == (0, 0, 0) == queues.depth("answers"), seconds=40, what=f"{name}: empty queues\n{up.logs()}"
    )
    time.sleep(1)
