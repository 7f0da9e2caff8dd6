"""Writes down each request that a client of DynamoDB makes: how long the other side took for it, and what it would cost on AWS."""

from __future__ import annotations

import json
import time
from typing import Any

from benchmarks.events import Log
from benchmarks.read_units import units


class Meter:
    """`sent` (since, until: seconds between handing a request over and having its answer, unparsed) and `read` (operation, units).

    Each has the labels that are set when it happens. Without any, nothing is written down.
    """

    def __init__(self, note: Log) -> None:
        self.labels: dict[str, object] = {}
        self._note = note

    def attach(self, client: Any) -> None:
        """Watch this client of botocore's from now on."""
        session = client._endpoint.http_session  # noqa: SLF001 - the hook below may answer in its place, so it has to know it

        def send(request: Any, **_: object) -> Any:
            if not self.labels:
                return None  # so it is sent as usual
            since = time.time()
            answer = session.send(request)  # with the body, to its end
            self._note("sent", since=since, until=time.time(), **self.labels)
            return answer

        client.meta.events.register("before-call.dynamodb", _remember)
        client.meta.events.register("before-send.dynamodb", send)
        client.meta.events.register("after-call.dynamodb", self._read)

    def _read(self, parsed: Any, model: Any, context: dict[str, Any], **_: object) -> None:
        if self.labels and "Error" not in parsed:
            self._note("read", operation=model.name, units=units(model.name, context["asked"], parsed), **self.labels)


def _remember(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    context["asked"] = json.loads(params["body"])
