"""From the text of an SQS message to what kombu calls a message."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from kombu.utils.json import loads

from taskqueue.holding import Held


class Undecodable(Exception):
    """This is no message of Celery's; the text says why."""


def decode(held: Held) -> dict[str, Any]:
    """kombu's payload, addressed back to `held`. Raises Undecodable."""
    payload = _parse(_text(held.message))
    properties = payload["properties"]
    properties["delivery_tag"] = held.tag
    info = properties.setdefault("delivery_info", {})
    if not isinstance(info, dict):
        raise Undecodable("its delivery_info is not an object")
    info.update(routing_key=held.queue, redelivered=held.receives > 1, receives=held.receives, sqs_message_id=held.message_id)
    return payload


def _text(message: dict[str, Any]) -> str:
    body = message.get("Body")
    if not isinstance(body, str):
        raise Undecodable("it has no body")
    if body.lstrip().startswith("{"):
        return body  # sent with sqs_base64_encoding off
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Undecodable(f"its body is not base64 of text: {error}") from None


def _parse(text: str) -> dict[str, Any]:
    try:
        payload = loads(text)
    except Exception as error:  # noqa: BLE001  # kombu's loads also revives dates and more, each with errors of its own
        raise Undecodable(f"its body is not JSON: {error}") from None
    if not isinstance(payload, dict) or not isinstance(payload.get("properties"), dict):
        raise Undecodable("its body is JSON, but not a message of kombu's: it has no properties")
    if not isinstance(payload.get("headers", {}), dict) or not isinstance(payload.get("body", ""), str):
        raise Undecodable("its body is JSON, but not a message of kombu's: its headers or its body have the wrong type")
    return payload
