"""A sample project on queues of its own, and workers of it as real processes."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from celery import Celery

from taskqueue.config import MAX_RECEIVES, VISIBILITY_SECONDS, celery_settings
from tests import processes
from tests.processes import Running
from tests.settings import ENVIRONMENT

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class Note:
    event: str
    text: str
    pid: int
    at: float


@dataclass
class Project:
    """Queues of one test, made on `endpoint`; workers reach them at `via`, where something may stand between."""

    folder: Path
    endpoint: str
    names: tuple[str, ...]
    via: str = ""

    def __post_init__(self) -> None:
        self.prefix = f"q{uuid.uuid4().hex[:8]}"
        self.urls = {name: self._make(name) for name in self.names}
        self.notes_file.touch()
        self.workers = 0
        self.app = Celery("samples", set_as_current=False)
        self.app.conf.update(celery_settings(self.urls))

    @property
    def notes_file(self) -> Path:
        return self.folder / "notes"

    @property
    def sqs(self) -> SQSClient:
        return boto3.client("sqs", endpoint_url=self.endpoint)

    def send(self, task: str, *arguments: Any, queue: str = "", **properties: Any) -> str:
        return str(self.app.send_task(task, args=arguments, queue=queue or self.names[0], **properties).id)

    @contextlib.contextmanager
    def worker(
        self,
        *options: str,
        settings: Mapping[str, Any] | None = None,
        transport: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[Running]:
        """A worker that takes tasks. `settings` are Celery's, `transport` are its `broker_transport_options`."""
        self.workers += 1
        told = ENVIRONMENT | {
            "QUEUES": json.dumps(self.urls),
            "SETTINGS": json.dumps(dict(settings or {})),
            "OPTIONS": json.dumps({"wait_time_seconds": 1, **(transport or {})}),
            "NOTES": str(self.notes_file),
            "AWS_ENDPOINT_URL": self.via or self.endpoint,
            **(environment or {}),
        }
        command = ["-A", "tests.taskqueue.app", "worker", "--queues", ",".join(self.names), "--loglevel", "INFO", *options]
        with processes.celery(command, told, log=self.folder / f"worker-{self.workers}.log") as running:
            yield running

    def notes(self, event: str = "") -> list[Note]:
        """What the tasks wrote, in order."""
        lines = [line.split() for line in self.notes_file.read_text().splitlines()]
        notes = [Note(kind, text, int(pid), float(at)) for kind, text, pid, at in lines]
        return [note for note in notes if event in ("", note.event)]

    def texts(self, event: str) -> list[str]:
        return [note.text for note in self.notes(event)]

    def depth(self, queue: str = "") -> tuple[int, int]:
        """How many messages are visible, and how many are hidden."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.urls[queue or self.names[0]], AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])

    def take(self) -> dict[str, Any] | None:
        """Receive a message of the first queue, as another worker would."""
        messages = self.sqs.receive_message(QueueUrl=self.urls[self.names[0]], MaxNumberOfMessages=1).get("Messages", [])
        return dict(messages[0]) if messages else None

    def dead(self, queue: str = "") -> list[dict[str, Any]]:
        """The letters in the dead-letter queue of `queue`, left hidden for a second."""
        name = f"{self.prefix}-{queue or self.names[0]}-dead"
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        answer = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
        )
        return [dict(message) for message in answer.get("Messages", [])]

    def _make(self, name: str) -> str:
        dead = self.sqs.create_queue(QueueName=f"{self.prefix}-{name}-dead")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
        attributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS), "RedrivePolicy": redrive}
        return self.sqs.create_queue(QueueName=f"{self.prefix}-{name}", Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
