"""Start the SQS stand-in as a process, and tell it what to do."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.faults import Kind

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Stand:
    """A stand-in that runs: where it serves SQS, where it takes commands, where it writes its events."""

    endpoints: list[str]
    control: str
    events: Path

    @property
    def endpoint(self) -> str:
        return self.endpoints[0]

    def command(self, command: str, **given: object) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.control}/{command}", data=json.dumps(given).encode())  # noqa: S310 - http, and ours
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
        return answer

    def fault(self, kind: Kind, *, seconds: float, hosts: Sequence[str] = ()) -> None:
        """Begin a fault that ends by itself."""
        self.command("fault", kind=kind.name, seconds=seconds, hosts=list(hosts))

    def call(self, action: str, **parameters: object) -> dict[str, Any]:
        """An action of SQS that no latency and no fault touches."""
        return self.command("call", action=action, parameters=parameters)

    def send(self, queue: str, bodies: Sequence[str]) -> list[str]:
        """Put messages into the queue; returns their ids."""
        ids: list[str] = []
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[start : start + 10])]
            ids += [sent["MessageId"] for sent in self.call("SendMessageBatch", QueueUrl=queue, Entries=entries)["Successful"]]
        return ids

    def make_queue(self, name: str, *, visibility: int = 30, max_receives: int = 20) -> str:
        """A queue with a dead-letter queue, NAME-dead, behind it; returns its URL."""
        self.call("CreateQueue", QueueName=f"{name}-dead")
        policy = {"deadLetterTargetArn": f"arn:aws:sqs:eu-west-1:000000000000:{name}-dead", "maxReceiveCount": str(max_receives)}
        attributes = {"VisibilityTimeout": str(visibility), "RedrivePolicy": json.dumps(policy)}
        return str(self.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"])

    def messages(self, queue: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.command("messages", queue=queue)["messages"]
        return found


@contextlib.contextmanager
def stand(events: Path, *, latency: float = 0.01, hosts: Sequence[str] = ("127.0.0.1",), seed: int = 0) -> Iterator[Stand]:
    """A stand-in in a process of its own, ended on leaving."""
    options = [option for host in hosts for option in ("--host", host)]
    command = [
        sys.executable,
        "-m",
        "benchmarks.sqs_server",
        "--events",
        str(events),
        "--latency",
        str(latency),
        "--seed",
        str(seed),
        *options,
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            addresses = json.loads(process.stdout.readline())
            yield Stand(addresses["endpoints"], addresses["control"], events)
        finally:
            process.kill()
