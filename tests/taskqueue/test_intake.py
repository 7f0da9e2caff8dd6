"""When messages begin to be taken."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from taskqueue.holding import Held
from taskqueue.intake import Intake
from taskqueue.options import Options
from tests.processes import wait_for


@dataclass
class FullQueue:
    """SQS as one queue sees it: the first poll brings a message at once, the later ones bring nothing."""

    polls: int = 0
    returned: list[Any] = field(default_factory=list)

    def receive_message(self, **_: Any) -> dict[str, Any]:
        self.polls += 1
        if self.polls > 1:
            time.sleep(0.05)
            return {}
        body = json.dumps({"body": "", "headers": {}, "properties": {"delivery_info": {}, "delivery_tag": "t"}})
        return {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": body, "Attributes": {"ApproximateReceiveCount": "1"}}]}

    def change_message_visibility_batch(self, **given: Any) -> dict[str, Any]:
        self.returned += given["Entries"]
        return {"Successful": [{"Id": entry["Id"]} for entry in given["Entries"]]}


@pytest.fixture
def queue() -> FullQueue:
    return FullQueue()


def test_nothing_is_asked_for_before_the_start(queue: FullQueue) -> None:
    """A message that comes with the first poll meets an intake that is whole, and that its owner has made ready."""
    delivered: list[Held] = []
    client: Any = queue
    intake = Intake(
        (client, client), {"work": "url"}, options=Options(wait=0), capacity=lambda: 5, deliver=delivered.append, wake=lambda: None
    )
    try:
        time.sleep(0.2)
        assert queue.polls == 0
        intake.start()
        wait_for(lambda: intake.holding.count() == 1, seconds=5, what="the message")
    finally:
        intake.close()
    assert [entry["ReceiptHandle"] for entry in queue.returned] == ["r"]
