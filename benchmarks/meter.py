"""Writes down each request that a client of DynamoDB makes: how long the other side took for it, and what it would cost on AWS."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

from benchmarks.events import Log
from benchmarks.read_units import Item, item_size, units


class Meter:
    """`sent` (since, until: seconds between handing a request over and having its answer, unparsed) and `read` (operation, units).

    Each has the labels that are set when it happens. Without any, nothing is written down.
    """

    def __init__(self, note: Log) -> None:
        self.labels: dict[str, object] = {}
        self._note = note
        self._sizes: dict[str, int] = {}  # of whole items, by the value of their key

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
        client.meta.events.register("after-call.dynamodb", partial(self._read, client))

    def _read(self, client: Any, parsed: Any, model: Any, context: dict[str, Any], **_: object) -> None:
        if self.labels and "Error" not in parsed:
            asked = context["asked"]
            read = units(
                model.name,
                asked,
                parsed,
                whole_size=partial(self._whole_size, client, asked["TableName"]) if "TableName" in asked else None,
            )
            self._note("read", operation=model.name, units=read, **self.labels)

    def _whole_size(self, client: Any, table: str, part: Item) -> int:
        """Of the item of predictions that this is a part of; looked up once, so that no visit after the first pays for it."""
        key = {"prediction_id": part["prediction_id"]}
        name = str(key["prediction_id"]["S"])
        if name not in self._sizes:
            labels, self.labels = self.labels, {}
            self._sizes[name] = item_size(client.get_item(TableName=table, Key=key)["Item"])
            self.labels = labels
        return self._sizes[name]


def _remember(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    context["asked"] = json.loads(params["body"])
