"""What is in a queue, as a test sees it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from detection import aws, config


@dataclass(frozen=True)
class SentTask:
    name: str
    arguments: list[Any]
    body: str  # as it lies in SQS
    group: str | None  # SQS's message group


def receive(queue: str) -> list[SentTask]:
    """Take all messages that are visible in this queue, and delete them."""
    url = config.shared().queue_urls[queue]
    tasks = []
    while messages := aws.sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]).get("Messages"):
        for message in messages:
            tasks.append(_parse(message))
            aws.sqs().delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return tasks


def depth(queue: str) -> tuple[int, int, int]:
    """How many messages are visible, being worked on, and delayed."""
    found = aws.sqs().get_queue_attributes(QueueUrl=config.shared().queue_urls[queue], AttributeNames=["All"])["Attributes"]
    return (
        int(found["ApproximateNumberOfMessages"]),
        int(found["ApproximateNumberOfMessagesNotVisible"]),
        int(found["ApproximateNumberOfMessagesDelayed"]),
    )


def _parse(message: Any) -> SentTask:
    body = message["Body"]
    envelope = json.loads(base64.b64decode(body))
    arguments = json.loads(base64.b64decode(envelope["body"]))[0]
    return SentTask(envelope["headers"]["task"], arguments, body, message.get("Attributes", {}).get("MessageGroupId"))


def peek(queue: str) -> list[SentTask]:
    """What is visible in this queue, left as it is."""
    url = config.shared().queue_urls[queue]
    messages = (
        aws.sqs()
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1, MessageSystemAttributeNames=["All"])
        .get("Messages", [])
    )
    for message in messages:
        aws.sqs().change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return [_parse(message) for message in messages]
