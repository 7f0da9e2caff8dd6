"""Each fault of the SQS stand-in is what it says, ends when it should, and costs no message."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from benchmarks import sqs_control
from benchmarks.faults import Kind
from benchmarks.networks import Node
from benchmarks.sqs_control import Stand
from tests.benchmarks.test_sqs_server import client, receive

SECONDS = 0.7


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with sqs_control.stand(tmp_path / "events.jsonl", latency=0) as stand:
        stand.make_queue("photos", visibility=1)
        stand.send("photos", ["survivor"])
        yield stand


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.UNAVAILABLE, "ServiceUnavailable"),
        (Kind.EXPIRED_TOKEN, "ExpiredToken"),
        (Kind.THROTTLED, "RequestThrottled"),
    ],
)
def test_a_refusal_by_status_ends_and_loses_nothing(stand: Stand, kind: Kind, error: str) -> None:
    sqs = client(stand.endpoint)
    stand.fault(kind, seconds=SECONDS)
    with pytest.raises(ClientError) as refused:
        receive(sqs, "photos")
    assert refused.value.response["Error"]["Code"] == error
    time.sleep(SECONDS + 0.1)
    assert [message["Body"] for message in receive(sqs, "photos")] == ["survivor"]


def test_a_long_poll_is_interrupted_by_a_refusal(stand: Stand) -> None:
    sqs = client(stand.endpoint)
    receive(sqs, "photos", VisibilityTimeout=20)
    threading.Timer(0.2, lambda: stand.fault(Kind.UNAVAILABLE, seconds=SECONDS)).start()
    began = time.monotonic()
    with pytest.raises(ClientError, match=r"503|unavailable"):
        receive(sqs, "photos", WaitTimeSeconds=10)
    assert time.monotonic() - began < 5


def test_refused_connections(stand: Stand) -> None:
    sqs = client(stand.endpoint)
    sqs.list_queues()  # has a connection open
    stand.fault(Kind.REFUSE, seconds=SECONDS)
    with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
        receive(sqs, "photos")
    with pytest.raises(EndpointConnectionError):
        receive(client(stand.endpoint), "photos")
    time.sleep(SECONDS + 0.1)
    assert [message["Body"] for message in receive(sqs, "photos")] == ["survivor"]


def test_half_open_connections_stay_dead_and_new_ones_work_afterwards(stand: Stand) -> None:
    host = stand.endpoint.removeprefix("http://")
    old = http.client.HTTPConnection(host, timeout=1)
    headers = {"X-Amz-Target": "AmazonSQS.ListQueues"}
    old.request("POST", "/", body="{}", headers=headers)
    assert old.getresponse().read()
    stand.fault(Kind.HALF_OPEN, seconds=SECONDS)
    young = http.client.HTTPConnection(host, timeout=1)  # accepted, and not answered
    young.request("POST", "/", body="{}", headers=headers)
    time.sleep(SECONDS + 0.1)
    for silent in (old, young):
        if silent is old:
            silent.request("POST", "/", body="{}", headers=headers)
        with pytest.raises(TimeoutError):
            silent.getresponse()
        silent.close()
    assert [message["Body"] for message in receive(client(stand.endpoint), "photos")] == ["survivor"]


def test_an_answer_cut_in_the_middle_was_carried_out(stand: Stand) -> None:
    stand.fault(Kind.CUT, seconds=SECONDS)
    with contextlib.closing(http.client.HTTPConnection(stand.endpoint.removeprefix("http://"), timeout=5)) as plain:
        plain.request("POST", "/", body='{"QueueUrl": "photos"}', headers={"X-Amz-Target": "AmazonSQS.ReceiveMessage"})
        with plain.getresponse() as answer, pytest.raises(http.client.IncompleteRead):
            answer.read()
    sqs = client(stand.endpoint)
    assert receive(sqs, "photos") == []  # botocore takes half an answer for an empty one
    time.sleep(SECONDS)
    assert [(m["Body"], m["Attributes"]["ApproximateReceiveCount"]) for m in receive(sqs, "photos", WaitTimeSeconds=5)] == [
        ("survivor", "2")
    ]


def test_slow_answers_come(stand: Stand) -> None:
    stand.fault(Kind.SLOW, seconds=SECONDS)
    began = time.monotonic()
    assert len(receive(client(stand.endpoint), "photos")) == 1
    assert 4.9 < time.monotonic() - began < 9


def test_a_malformed_answer(stand: Stand) -> None:
    stand.fault(Kind.MALFORMED, seconds=SECONDS)
    with pytest.raises((ResponseParserError, TypeError)):
        receive(client(stand.endpoint), "photos")


def test_a_third_of_a_batch_fails(stand: Stand) -> None:
    stand.fault(Kind.PARTIAL, seconds=SECONDS)
    answer = client(stand.endpoint).send_message_batch(QueueUrl="photos", Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(6)])
    assert [entry["Id"] for entry in answer["Successful"]] == ["0", "2", "3", "5"]
    assert [(entry["Id"], entry["SenderFault"], entry["Code"]) for entry in answer["Failed"]] == [
        ("1", False, "InternalError"),
        ("4", False, "InternalError"),
    ]


def test_revoked_receipts_are_worthless_and_their_messages_visible(stand: Stand) -> None:
    sqs = client(stand.endpoint)
    [held] = receive(sqs, "photos", VisibilityTimeout=20)
    assert stand.command("revoke", queue="photos") == {"ids": [held["MessageId"]]}
    [again] = receive(sqs, "photos", VisibilityTimeout=20)
    sqs.delete_message(QueueUrl="photos", ReceiptHandle=held["ReceiptHandle"])  # SQS calls this a success too
    with pytest.raises(ClientError) as invalid:
        sqs.change_message_visibility(QueueUrl="photos", ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=5)
    assert invalid.value.response["Error"]["Code"] == "ReceiptHandleIsInvalid"
    assert stand.messages("photos")[0]["id"] == again["MessageId"]


def test_a_client_that_went_away_takes_no_message_with_it(stand: Stand) -> None:
    sqs = client(stand.endpoint)
    sqs.delete_message(QueueUrl="photos", ReceiptHandle=receive(sqs, "photos")[0]["ReceiptHandle"])
    gone = http.client.HTTPConnection(stand.endpoint.removeprefix("http://"))
    gone.request("POST", "/", body='{"QueueUrl": "photos", "WaitTimeSeconds": 10}', headers={"X-Amz-Target": "AmazonSQS.ReceiveMessage"})
    time.sleep(0.2)
    gone.close()
    time.sleep(0.2)
    stand.send("photos", ["mine"])
    assert [message["Body"] for message in receive(sqs, "photos")] == ["mine"]


def test_duplicates_share_an_id(stand: Stand) -> None:
    stand.command("duplicates", share=1.0)
    sqs = client(stand.endpoint)
    sent = sqs.send_message(QueueUrl="photos", MessageBody="twice")["MessageId"]
    assert [message["MessageId"] for message in receive(sqs, "photos")].count(sent) == 2


def test_one_node_is_cut_off_where_there_are_no_namespaces(tmp_path: Path) -> None:
    a, b = Node("127.0.0.1"), Node("127.0.0.2")
    with sqs_control.stand(tmp_path / "events.jsonl", latency=0, hosts=[a.host, b.host]) as stand:
        stand.make_queue("photos")
        stand.send("photos", ["x"])
        a.cut(stand, SECONDS)
        deaf, well = (http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=0.3) for endpoint in stand.endpoints)
        with contextlib.closing(deaf), contextlib.closing(well):
            for node in (deaf, well):
                node.request("POST", "/", body="{}", headers={"X-Amz-Target": "AmazonSQS.ListQueues"})
            assert well.getresponse().read()
            with pytest.raises(TimeoutError):
                deaf.getresponse()
        a.join()
        time.sleep(SECONDS)
        assert len(receive(client(stand.endpoints[0]), "photos")) == 1
