"""Sending through the transport: by tens, with delays that SQS holds, in groups."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskqueue.delays import DelayTooLong, delay_of
from taskqueue.sending import NotAllSent, Send, _batches, _send_batch, send_many
from tests.taskqueue.project import Project

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BOTH = pytest.mark.parametrize("endpoint", ["ministack", "moto"], indirect=True)


def _received(project: Project, queue: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    while found := project.sqs.receive_message(
        QueueUrl=project.urls[queue], MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        messages += [dict(message) for message in found]
    return messages


def _headers(message: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(message["Body"]))["headers"])


@BOTH
def test_many_arrive_each_once_in_its_queue(three_queues: Project) -> None:
    sends = [Send("run", (str(number),), queue=("first", "second")[number % 2], group=f"chat-{number % 3}") for number in range(47)]
    ids = send_many(three_queues.app, sends)
    first, second = _received(three_queues, "first"), _received(three_queues, "second")
    assert [len(first), len(second), len(_received(three_queues, "third"))] == [24, 23, 0]
    assert {_headers(message)["id"] for message in first + second} == set(ids)
    assert {_headers(message)["id"] for message in first} == set(ids[::2])


def test_a_message_group_reaches_sqs(project: Project) -> None:
    send_many(project.app, [Send("run", ("x",), group="chat-7")])
    project.send("run", "y", MessageGroupId="chat-8")
    assert {message["Attributes"].get("MessageGroupId") for message in _received(project, "work")} == {"chat-7", "chat-8"}


def test_a_countdown_is_held_by_sqs(project: Project) -> None:
    project.app.send_task("run", args=["x"], queue="work", countdown=600)
    send_many(project.app, [Send("run", ("y",), delay=500)])
    found = project.sqs.get_queue_attributes(QueueUrl=project.urls["work"], AttributeNames=["All"])["Attributes"]
    assert (found["ApproximateNumberOfMessages"], found["ApproximateNumberOfMessagesDelayed"]) == ("0", "2")


@pytest.mark.parametrize("options", [{"countdown": 1000}, {"DelaySeconds": 901}, {"eta": datetime.now(UTC) + timedelta(days=1)}])
def test_a_longer_delay_is_refused(project: Project, options: dict[str, Any]) -> None:
    with pytest.raises(DelayTooLong, match="900 s at most"):
        project.app.send_task("run", args=["x"], queue="work", **options)
    assert project.depth() == (0, 0)


def test_an_unknown_queue_is_refused(project: Project) -> None:
    with pytest.raises(Exception, match="no queue 'nowhere'"), project.app.producer_or_acquire() as producer:
        producer.publish({}, routing_key="nowhere", exchange="")


@pytest.mark.parametrize(
    ("properties", "eta", "delay"),
    [
        ({}, None, None),
        ({"DelaySeconds": 0}, None, 0),
        ({"DelaySeconds": 900}, None, 900),
        ({"delay_seconds": "5"}, None, 5),
        ({"DelaySeconds": None, "delay_seconds": 7}, None, 7),
        ({}, (NOW + timedelta(seconds=1.2)).isoformat(), 2),
        ({}, (NOW - timedelta(seconds=9)).isoformat(), None),
        ({}, (NOW + timedelta(seconds=30)).replace(tzinfo=None).isoformat(), 30),
        ({"DelaySeconds": 3}, (NOW + timedelta(seconds=30)).isoformat(), 3),
    ],
)
def test_the_delay_of_a_message(properties: dict[str, Any], eta: str | None, delay: int | None) -> None:
    assert delay_of({"properties": properties, "headers": {"eta": eta}}, now=NOW) == delay


@pytest.mark.parametrize("value", [-1, "soon", float("inf")])
def test_what_is_no_delay_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="a delay of"):
        delay_of({"properties": {"DelaySeconds": value}}, now=NOW)


class PartlyDeaf:
    """A client that refuses entries: each body as often as it says, "never" for good."""

    def __init__(self, refusals: dict[str, int]) -> None:
        self.refusals = refusals
        self.sent: list[str] = []

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        successful, failed = [], []
        for entry in request["Entries"]:
            body = entry["MessageBody"]
            if self.refusals.get(body, 0):
                self.refusals[body] -= 1
                failed.append({"Id": entry["Id"], "Code": "Wrong" if body == "never" else "Busy", "SenderFault": body == "never"})
            else:
                self.sent.append(body)
                successful.append({"Id": entry["Id"]})
        return {"Successful": successful, "Failed": failed}


def _pairs(*bodies: str, url: str = "url") -> list[tuple[Send, dict[str, Any]]]:
    return [(Send(body), {"QueueUrl": url, "MessageBody": body}) for body in bodies]


def test_what_is_refused_of_a_request_is_sent_again() -> None:
    client = PartlyDeaf({"b": 2})
    assert _send_batch(client, _pairs("a", "b", "c")) == []
    assert client.sent == ["a", "c", "b"]


def test_what_can_not_be_sent_is_told() -> None:
    client = PartlyDeaf({"never": 99, "b": 99})
    failed = _send_batch(client, _pairs("a", "never", "b"))
    assert [(send.task, why) for send, why in failed] == [("never", "Wrong"), ("b", "Busy")]
    assert client.sent == ["a"]
    assert "2 tasks not sent; the first, never: Wrong" in str(NotAllSent(failed))


def test_a_request_has_one_queue_ten_messages_and_a_size() -> None:
    pairs = (
        _pairs(*(str(number) for number in range(12)), url="one") + _pairs("x", url="two") + _pairs("y" * 200_000, "z" * 200_000, url="two")
    )
    batches = list(_batches(pairs))
    assert [len(batch) for batch in batches] == [10, 2, 2, 1]
    assert all(len({what["QueueUrl"] for _, what in batch}) == 1 for batch in batches)
