"""Dead letters are listed with their reasons, and redriven so that none is lost."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from taskqueue import clients
from taskqueue.dead_letters import DeadLetter, Graves, find, letters
from taskqueue.queues import dead_urls
from taskqueue.redrive import Hook, Pace, Redrive, Redriven, Summary, again
from tests.emulators import ROOT
from tests.processes import wait_for
from tests.settings import ENVIRONMENT
from tests.taskqueue import operations
from tests.taskqueue.project import Project

both_emulators = pytest.mark.parametrize("endpoint", ["ministack", "moto"], indirect=True)


@pytest.fixture
def graves(project: Project) -> Graves:
    return graves_of(project)


def graves_of(project: Project) -> Graves:
    sqs = clients.make("sqs")
    return Graves(sqs, "work", dead_urls(sqs, project.urls)["work"])


def bury(project: Project, count: int, *, task: str = "run", text: str = "letter") -> list[str]:
    """Put tasks behind the queue as a worker or SQS would; returns what their notes will say."""
    dead = dead_urls(project.sqs, project.urls)["work"]
    texts = [f"{text}{number}" for number in range(count)]
    for name in texts:
        project.send(task, name)
    moved = 0
    while moved < count:
        for message in project.sqs.receive_message(QueueUrl=project.urls["work"], MaxNumberOfMessages=10)["Messages"]:
            project.sqs.send_message(QueueUrl=dead, MessageBody=message["Body"])
            project.sqs.delete_message(QueueUrl=project.urls["work"], ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return texts


def sent(project: Project) -> list[str]:
    """The first argument of every task that waits in the queue; they are taken out."""
    found = []
    while messages := project.sqs.receive_message(QueueUrl=project.urls["work"], MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            envelope = json.loads(base64.b64decode(message["Body"]))
            found.append(str(json.loads(base64.b64decode(envelope["body"]))[0][0]))
    return found


def redrive(project: Project, hook: Hook | None = None, *, rate: float = 1000, limit: int = 1000, **more: Any) -> Summary:
    sqs = clients.make("sqs")

    def send_again(letter: DeadLetter) -> None:
        again(sqs, project.urls["work"], letter)

    return Redrive(graves_of(project), send_again, hook, rate, limit, **more).run()


@both_emulators
def test_letters_are_listed_and_left_where_they_are(project: Project, graves: Graves) -> None:
    texts = bury(project, 12)
    for _ in range(2):
        found = letters(graves, limit=100)
        assert sorted(str(one.arguments[0]) for one in found) == sorted(texts)
        assert {(one.queue, one.task, one.unreadable) for one in found} == {("work", "run", "")}
    assert len(letters(graves, limit=5)) == 5


def test_what_no_worker_can_read_is_shown_all_the_same(project: Project, graves: Graves) -> None:
    project.sqs.send_message(QueueUrl=dead_urls(project.sqs, project.urls)["work"], MessageBody="!!! no base64")
    (found,) = letters(graves, limit=10)
    assert (found.task, found.arguments, found.body) == ("", (), "!!! no base64")
    assert "base64" in found.reason


def test_a_letter_that_a_worker_buried_says_why(project: Project, graves: Graves) -> None:
    project.send("unheard-of", "x")
    with project.worker():
        (found,) = wait_for(lambda: letters(graves, limit=10), seconds=20, what="a letter")
    assert found.task == "unheard-of"
    assert found.arguments == ("x",)
    assert found.reason.startswith("unknown task:")
    assert len(found.history) == 1


def test_one_is_found_by_the_beginning_of_its_id_or_of_its_tasks(project: Project, graves: Graves) -> None:
    bury(project, 3)
    some = letters(graves, limit=10)[1]
    for name in (some.message_id, some.message_id[:12], some.task_id[:12]):
        found = find(graves, name)
        assert found
        assert found.message_id == some.message_id
    assert find(graves, "") is None
    assert find(graves, "nothing-like-it") is None


@both_emulators
def test_all_are_sent_again_as_they_were(project: Project, graves: Graves) -> None:
    texts = bury(project, 25)
    summary = redrive(project)
    assert (summary.redriven, summary.failed, summary.left) == (25, 0, 0)
    assert Counter(sent(project)) == Counter(texts)
    assert letters(graves, limit=100) == []


def test_attributes_and_message_group_go_with_it(project: Project) -> None:
    kept = {"taskqueue.history": {"DataType": "String", "StringValue": "[]"}}
    dead = dead_urls(project.sqs, project.urls)["work"]
    project.sqs.send_message(QueueUrl=dead, MessageBody="{}", MessageAttributes=kept, MessageGroupId="chat-42")  # type: ignore[arg-type]
    redrive(project)
    (message,) = project.sqs.receive_message(
        QueueUrl=project.urls["work"], MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert message["MessageAttributes"]["taskqueue.history"]["StringValue"] == "[]"
    assert message["Attributes"].get("MessageGroupId") == "chat-42"


def test_some_are_sent_and_the_others_stay_visible(project: Project, graves: Graves) -> None:
    bury(project, 12)
    summary = redrive(project, wanted=lambda letter: letter.arguments[0] in {"letter3", "letter11"})
    assert (summary.redriven, summary.left) == (2, 10)
    assert sorted(sent(project)) == ["letter11", "letter3"]
    assert len(letters(graves, limit=100)) == 10


def test_no_more_than_the_limit_are_sent(project: Project, graves: Graves) -> None:
    bury(project, 15)
    assert redrive(project, limit=12).redriven == 12
    assert len(letters(graves, limit=100)) == 3


def test_the_application_says_what_redriving_means(project: Project, graves: Graves) -> None:
    for text in ("new", "old", "hopeless"):
        bury(project, 1, text=text)
    told: list[Redriven] = []

    def hook(letter: DeadLetter, send_again: Callable[[], None]) -> str:
        return operations.redrive(DeadLetter(**{**vars(letter), "arguments": (letter.arguments[0][:-1],)}), send_again)

    summary = redrive(project, hook, told=told.append)
    assert summary.outcomes == {"sent once more": 1, "dropped": 1, "RuntimeError: not with this one": 1}
    assert sent(project) == ["new0"]
    assert [one.arguments for one in letters(graves, limit=10)] == [("hopeless0",)]
    assert sorted(one.done for one in told) == [False, True, True]


def test_the_rate_is_kept_by_all_threads_together(project: Project) -> None:
    bury(project, 21)
    at: list[float] = []

    def hook(letter: DeadLetter, send_again: Callable[[], None]) -> str:
        at.append(time.monotonic())
        return "seen"

    summary = redrive(project, hook, rate=20)
    assert summary.redriven == 21
    assert max(at) - min(at) == pytest.approx(1.0, abs=0.4)


def test_a_pace_catches_up_with_what_was_held_up() -> None:
    pace = Pace(10, threading.Event())
    pace.wait()
    time.sleep(0.6)
    began = time.monotonic()
    for _ in range(5):
        pace.wait()
    assert time.monotonic() - began < 0.1
    for _ in range(3):
        pace.wait()
    assert time.monotonic() - began > 0.1


def test_waiting_for_ones_turn_ends_with_the_run() -> None:
    stop = threading.Event()
    pace = Pace(0.01, stop)
    assert pace.wait()
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()
    assert not pace.wait()
    assert time.monotonic() - began < 5


def test_a_task_that_dies_again_meanwhile_is_not_sent_for_ever(project: Project, graves: Graves) -> None:
    bury(project, 1)
    dead = dead_urls(project.sqs, project.urls)["work"]

    def hook(letter: DeadLetter, send_again: Callable[[], None]) -> str:
        project.sqs.send_message(QueueUrl=dead, MessageBody=letter.body)
        return "dead again"

    assert redrive(project, hook).redriven == 1
    assert len(letters(graves, limit=10)) == 1


class Forgetful:
    """SQS, but for deletes that it does not do."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def delete_message_batch(self, *, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803  # boto3's
        return {"Failed": [{"Id": one["Id"], "Code": "InternalError"} for one in Entries]}


def test_a_letter_that_is_not_deleted_is_no_success(project: Project, graves: Graves) -> None:
    bury(project, 2)
    sqs: Any = Forgetful(clients.make("sqs"))
    keeping = Graves(sqs, "work", dead_urls(sqs, project.urls)["work"])
    summary = Redrive(keeping, lambda letter: again(sqs, project.urls["work"], letter), None, 100, 100).run()
    assert (summary.redriven, summary.failed) == (0, 2)
    assert len(letters(graves, limit=10)) == 2


KILLED = """
import sys
from taskqueue import clients
from taskqueue.dead_letters import Graves
from taskqueue.redrive import Redrive, again
url, dead = sys.argv[1:]
sqs = clients.make("sqs")
graves = Graves(sqs, "work", dead, hidden=4)
Redrive(graves, lambda letter: again(sqs, url, letter), None, 30, 1000, told=lambda one: print(one.outcome, flush=True)).run()
"""


def test_none_is_lost_when_it_is_killed_and_few_are_sent_twice(project: Project, graves: Graves) -> None:
    """Those few are what was sent and not yet deleted; a task that looks before it acts, as all have to on SQS, does nothing for them."""
    texts = bury(project, 60)
    dead = dead_urls(project.sqs, project.urls)["work"]
    environment = os.environ | ENVIRONMENT | {"AWS_ENDPOINT_URL": project.endpoint}
    command = [sys.executable, "-c", KILLED, project.urls["work"], dead]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        for _ in range(15):
            assert process.stdout.readline()
        process.kill()
    first = sent(project)
    assert 15 <= len(first) < 60
    wait_for(lambda: len(letters(graves, limit=100)) >= 60 - len(first), seconds=10, what="those that the killed one had taken")
    assert redrive(project).failed == 0
    done = Counter([*first, *sent(project)])
    assert set(done) == set(texts)
    assert sum(done.values()) <= 60 + 10
