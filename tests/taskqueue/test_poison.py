"""What can't be dealt with ends in the dead-letter queue, with its body, reason and history: never deleted, never looping."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from taskqueue.holding import Held
from taskqueue.poison import HISTORY, HISTORY_LENGTH, Burial, Reason, Verdict, history_of, letter_of
from tests.processes import wait_for
from tests.taskqueue.project import Project

pytestmark = pytest.mark.timeout(180)


def _envelope(body: str, *, task: str = "run", content_type: str = "application/json", encoding: str | None = "base64") -> str:
    properties = {"delivery_info": {"exchange": "", "routing_key": "work"}, "body_encoding": encoding, "delivery_tag": "x"}
    headers = {"task": task, "id": "1"}
    message = {"body": body, "content-type": content_type, "content-encoding": "utf-8", "headers": headers, "properties": properties}
    return base64.b64encode(json.dumps(message).encode()).decode()


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


BODIES = {
    "not base64": ("this is § not base64", Reason.UNDECODABLE),
    "not JSON": (_encoded("{not json"), Reason.UNDECODABLE),
    "JSON of another kind": (_encoded('["a", "list"]'), Reason.UNDECODABLE),
    "no body encoding that exists": (_envelope("eA==", encoding="rot13"), Reason.UNDECODABLE),
    "a body that is not base64": (_envelope("x"), Reason.UNDECODABLE),
    "undecodable body of a known task": (_envelope(_encoded("{broken")), Reason.UNDECODABLE),
    "a content type that is not accepted": (_envelope(_encoded("x"), content_type="application/x-python-serialize"), Reason.UNDECODABLE),
    "no list of arguments": (_envelope(_encoded("7")), Reason.UNDECODABLE),
    "arguments of two parts": (_envelope(_encoded("[[], {}]")), Reason.INVALID),
    "unknown task": (_envelope(_encoded("[[], {}, {}]"), task="nobody"), Reason.UNKNOWN_TASK),
    "too few arguments": (_envelope(_encoded("[[], {}, {}]")), Reason.INVALID),
    "a wrong keyword": (_envelope(_encoded('[["x"], {"colour": 1}, {}]')), Reason.INVALID),
}


def _letters(project: Project, count: int, seconds: float = 60) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}

    def look() -> list[dict[str, Any]] | None:
        found.update({letter["MessageId"]: letter for letter in project.dead()})
        return list(found.values()) if len(found) >= count else None

    return wait_for(look, seconds=seconds, what=f"{count} letters")


def _history(letter: dict[str, Any]) -> list[dict[str, Any]]:
    return list(json.loads(letter["MessageAttributes"][HISTORY]["StringValue"]))


@pytest.mark.parametrize("endpoint", ["ministack", "moto"], indirect=True)
def test_what_cannot_be_read_or_called_is_buried_at_once(project: Project) -> None:
    with project.worker("--concurrency", "1") as worker:
        sent = {
            project.sqs.send_message(QueueUrl=project.urls["work"], MessageBody=body)["MessageId"]: name
            for name, (body, _) in BODIES.items()
        }
        project.send("run", "good")
        letters = _letters(project, len(BODIES))
        wait_for(lambda: project.depth() == (0, 0), seconds=30, what="an empty queue")
        assert project.texts("ended") == ["good"]
        assert worker.process.poll() is None
    reasons = {letter["Body"]: [burial["reason"] for burial in _history(letter)] for letter in letters}
    assert reasons == {body: [reason] for body, reason in BODIES.values()}
    assert set(project.texts("poisoned")) == set(sent)


@pytest.mark.parametrize(("task", "word"), [("fail", "ValueError('no it')"), ("die", "WorkerLostError")])
def test_what_keeps_failing_is_buried(project: Project, task: str, word: str) -> None:
    with project.worker("--concurrency", "1", transport={"max_receives": 3, "retry_cap_seconds": 1}):
        identity = project.send(task, "it")
        (letter,) = _letters(project, 1)
    assert project.texts("started") == ["it"] * 3
    (burial,) = _history(letter)
    assert (burial["reason"], burial["receives"]) == (Reason.FAILED, 3)
    assert word in burial["detail"]
    assert json.loads(base64.b64decode(letter["Body"]))["headers"]["id"] == identity
    assert project.depth() == (0, 0)


def test_what_a_task_rejects_for_good_is_buried_at_once(project: Project) -> None:
    with project.worker("--concurrency", "1"):
        project.send("refuse", "it")
        (letter,) = _letters(project, 1)
    assert project.texts("started") == ["it"]
    assert _history(letter)[0]["reason"] == Reason.REJECTED


def test_a_hook_that_fails_is_called_again(project: Project) -> None:
    with project.worker("--concurrency", "1", environment={"HOOK_FAILS": "2"}):
        project.sqs.send_message(QueueUrl=project.urls["work"], MessageBody="poison")
        letters = _letters(project, 1)
        wait_for(lambda: project.depth() == (0, 0), seconds=30, what="an empty queue")
    assert len(project.texts("poisoned")) == 3
    assert len(letters) == 1


def test_poison_without_a_grave_stays_in_its_queue(project: Project) -> None:
    project.sqs.set_queue_attributes(QueueUrl=project.urls["work"], Attributes={"RedrivePolicy": ""})
    with project.worker("--concurrency", "1") as worker:
        project.sqs.send_message(QueueUrl=project.urls["work"], MessageBody="poison")
        wait_for(lambda: "stays in work" in worker.output(), seconds=30, what="the log line")
        wait_for(lambda: project.depth() == (0, 1), seconds=30, what="the message, hidden for a while")


def test_a_letter_that_is_buried_again_keeps_its_history() -> None:
    first = Burial("keeps failing", "ValueError()", 1.0, 15, "one-1")
    history = json.dumps([first.__dict__])
    message = {"MessageId": "m", "Body": "b", "MessageAttributes": {HISTORY: {"DataType": "String", "StringValue": history}}}
    letter = letter_of(Held("work", "url", message), Verdict(Reason.INVALID, "x" * 5000))
    assert letter.history[0] == first
    assert (letter.reason, len(letter.history[1].detail)) == ("invalid", 1000)


def test_a_history_does_not_grow_for_ever() -> None:
    message: dict[str, Any] = {"MessageId": "m", "Body": "b"}
    for _ in range(HISTORY_LENGTH + 5):
        letter = letter_of(Held("work", "url", message), Verdict(Reason.FAILED, "again"))
        value = json.dumps([burial.__dict__ for burial in letter.history])
        message["MessageAttributes"] = {HISTORY: {"DataType": "String", "StringValue": value}}
    assert len(history_of(message)) == HISTORY_LENGTH


@pytest.mark.parametrize("text", ["", "null", "7", '[{"colour": 1}]', "["])
def test_a_history_of_another_kind_is_none(text: str) -> None:
    assert history_of({"MessageAttributes": {HISTORY: {"DataType": "String", "StringValue": text}}}) == ()
