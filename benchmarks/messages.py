"""Bodies of SQS messages as Celery sends them (protocol 2, in kombu's envelope), and such as nobody should send."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

QUEUE = "bench"  # the one that every benchmark uses: kombu acks where a message says that it came from

Make = Callable[[str], str]  # from a key to a body


def body(task: str, *arguments: object) -> str:
    """A call of this task, as `apply_async` would put it into SQS."""
    return _encoded(_envelope(task, json.dumps([list(arguments), {}, _NOTHING_EMBEDDED])))


def call(text: str) -> tuple[str, list[Any]]:
    """Task name and arguments of a body that is sound."""
    envelope = json.loads(base64.b64decode(text))
    return envelope["headers"]["task"], json.loads(base64.b64decode(envelope["body"]))[0]


def not_base64(key: str) -> str:
    return f"%%% {key} %%%"


def not_json(key: str) -> str:
    return base64.b64encode(f"{{not JSON: {key}".encode()).decode()


def unknown_task(key: str) -> str:
    return body("bench.nobody_has_this", key)


def wrong_arguments(key: str) -> str:
    return body("bench.noop", key, "one", "too", "many")


def undecodable(key: str) -> str:
    """A known task whose own body is no JSON."""
    return _encoded(_envelope("bench.noop", f"[[{key!r}, "))


def fails(key: str) -> str:
    return body("bench.fails", key)


def dies(key: str) -> str:
    return body("bench.dies", key)


_NOTHING_EMBEDDED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def _envelope(task: str, call: str) -> dict[str, Any]:
    name = str(uuid.uuid4())
    return {
        "body": base64.b64encode(call.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": task,
            "id": name,
            "root_id": name,
            "parent_id": None,
            "retries": 0,
            "argsrepr": "",
            "kwargsrepr": "",
        },
        "properties": {
            "correlation_id": name,
            "reply_to": "",
            "delivery_mode": 2,
            "delivery_info": {"exchange": QUEUE, "routing_key": QUEUE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }


def _encoded(envelope: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(envelope).encode()).decode()
