"""The SQS stand-in answers as ministack and moto do, wherever those can; the same tests run against each."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks import sqs_control

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sqs_control.stand(tmp_path_factory.mktemp("sqs") / "events.jsonl", latency=0) as stand:
        yield stand.endpoint


def client(endpoint: str) -> SQSClient:
    return boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=15),
    )


@pytest.fixture(params=["ours", "ministack", "moto"])
def sqs(request: pytest.FixtureRequest) -> SQSClient:
    return client(request.getfixturevalue(request.param))


@pytest.fixture
def url(sqs: SQSClient) -> str:
    return sqs.create_queue(QueueName=f"q{uuid.uuid4().hex}", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]


def receive(sqs: SQSClient, url: str, **options: Any) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"], **options
    )
    return [dict(message) for message in answer.get("Messages", [])]


def counts(sqs: SQSClient, url: str) -> tuple[int, int, int]:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return (
        int(found["ApproximateNumberOfMessages"]),
        int(found["ApproximateNumberOfMessagesNotVisible"]),
        int(found["ApproximateNumberOfMessagesDelayed"]),
    )


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def test_a_message_comes_as_it_was_sent_and_is_gone_once_deleted(sqs: SQSClient, url: str) -> None:
    attributes: dict[str, Any] = {"reason": {"DataType": "String", "StringValue": "not JSON"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="hällo", MessageAttributes=attributes)
    [message] = receive(sqs, url)
    assert (message["MessageId"], message["Body"], message["MD5OfBody"]) == (sent["MessageId"], "hällo", sent["MD5OfMessageBody"])
    assert message["MessageAttributes"]["reason"]["StringValue"] == "not JSON"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert abs(int(message["Attributes"]["SentTimestamp"]) / 1000 - time.time()) < 20
    assert counts(sqs, url) == (0, 1, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert counts(sqs, url) == (0, 0, 0)


def test_a_received_message_is_hidden_until_its_timeout_and_counted_again(sqs: SQSClient, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="once more")
    assert len(receive(sqs, url, VisibilityTimeout=1)) == 1
    assert receive(sqs, url) == []
    time.sleep(1.1)
    [again] = receive(sqs, url)
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_visibility_zero_gives_a_message_back_at_once(sqs: SQSClient, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="back")
    [message] = receive(sqs, url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert [again["Body"] for again in receive(sqs, url)] == ["back"]


def test_visibility_can_be_extended(sqs: SQSClient, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="held")
    [message] = receive(sqs, url, VisibilityTimeout=1)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=20)
    time.sleep(1.1)
    assert receive(sqs, url) == []


def test_batches_do_each_entry(sqs: SQSClient, url: str) -> None:
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"body {n}"} for n in range(10)])
    messages = receive(sqs, url)
    while len(messages) < 10:
        messages += receive(sqs, url)
    handles = [message["ReceiptHandle"] for message in messages]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": 40} for n, handle in enumerate(handles)]
    )
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate(handles)])
    for answer in (changed, deleted):
        assert sorted(entry["Id"] for entry in answer["Successful"]) == [str(n) for n in range(10)]
        assert not answer.get("Failed")
    assert counts(sqs, url) == (0, 0, 0)


def test_a_batch_reports_the_entry_that_failed(sqs: SQSClient, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="good")
    [message] = receive(sqs, url)
    answer = sqs.change_message_visibility_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "good", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 5},
            {"Id": "bad", "ReceiptHandle": "no receipt at all", "VisibilityTimeout": 5},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]


def test_a_long_poll_returns_as_soon_as_a_delayed_message_is_due(sqs: SQSClient, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)
    assert counts(sqs, url) == (0, 0, 1)
    assert receive(sqs, url) == []
    began = time.monotonic()
    assert [message["Body"] for message in receive(sqs, url, WaitTimeSeconds=10)] == ["later"]
    assert 0.3 < time.monotonic() - began < 5


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(sqs: SQSClient, url: str) -> None:
    dead = sqs.create_queue(QueueName=f"d{uuid.uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    sent = sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        [message] = receive(sqs, url)
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert receive(sqs, url) == []
    [letter] = receive(sqs, dead)
    assert (letter["MessageId"], letter["Body"]) == (sent["MessageId"], "poison")


def test_what_sqs_refuses_is_refused_by_its_name(sqs: SQSClient, url: str) -> None:
    with pytest.raises(ClientError) as missing:
        sqs.receive_message(QueueUrl=f"{url}-not-there")
    assert code(missing) == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(ClientError) as crowded:
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(11)])
    assert code(crowded) == "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
    with pytest.raises(ClientError) as receipt:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle="no receipt at all", VisibilityTimeout=1)
    assert code(receipt) == "ReceiptHandleIsInvalid"
    with pytest.raises(ClientError) as big:
        sqs.send_message(QueueUrl=url, MessageBody="x" * (1024 * 1024 + 1))
    assert code(big) == "InvalidParameterValue"


@pytest.mark.parametrize("sqs", ["ours", "moto"], indirect=True)  # ministack takes any delay
def test_a_delay_of_more_than_fifteen_minutes_is_refused(sqs: SQSClient, url: str) -> None:
    with pytest.raises(ClientError) as far:
        sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=901)
    assert code(far) == "InvalidParameterValue"


def test_a_queue_is_found_by_its_name(sqs: SQSClient, url: str) -> None:
    assert sqs.get_queue_url(QueueName=url.rsplit("/", 1)[-1])["QueueUrl"] == url
    assert url in sqs.list_queues(QueueNamePrefix=url.rsplit("/", 1)[-1]).get("QueueUrls", [])


def test_the_events_tell_the_story(tmp_path: Path) -> None:
    with sqs_control.stand(tmp_path / "events.jsonl", latency=0) as stand:
        sqs, url = client(stand.endpoint), stand.make_queue("photos")
        [sent] = stand.send("photos", ["x"])
        sqs.delete_message(QueueUrl=url, ReceiptHandle=receive(sqs, url)[0]["ReceiptHandle"])
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    story = [(line["event"], line.get("id") or line.get("ids") or line["action"]) for line in lines]
    assert story == [("sent", sent), ("received", [sent]), ("request", "ReceiveMessage"), ("deleted", sent), ("request", "DeleteMessage")]
    assert [line["t"] for line in lines] == sorted(line["t"] for line in lines)
