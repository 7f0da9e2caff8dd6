"""Which requests this process makes of AWS through its own clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from detection import aws, table


@contextmanager
def requests_made() -> Iterator[list[str]]:
    """The names of the requests of DynamoDB and S3 that are made meanwhile, such as PutObject."""
    made: list[str] = []
    clients: list[Any] = [aws.dynamodb().client, aws.s3()]
    # Each of PynamoDB's tables has a client of its own.
    clients += [model._get_connection().connection.client for model in table.all_tables()]

    def note(model: Any, **_: Any) -> None:
        made.append(model.name)

    for client in clients:
        client.meta.events.register("before-call", note)
    try:
        yield made
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", note)
