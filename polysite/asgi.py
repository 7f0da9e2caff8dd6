"""The site as uvicorn runs it: `python -m uvicorn polysite.asgi:application --lifespan off`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from django.core.asgi import get_asgi_application

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MAX_BODY = 1_000_000
"""Bytes of the largest request body. An update has a few thousand; photos don't come this way."""

LONG_ANSWERS = {"/admin/export/"}
"""What a client that hangs up does stop: nobody would get the rest, and it may be all photos that there are."""


class _TooLarge(Exception):
    """More bytes came than MAX_BODY."""


def guarded(app: App, *, max_body: int = MAX_BODY) -> App:
    """The same application, which reads no more than `max_body` (413), and which a client can't stop by hanging up (but LONG_ANSWERS).

    Django reads a body whole before any view sees it, and cancels a view whose client has gone. But an answer that is
    broken off in the middle is one that is sent twice: what came in whole is worked on to its end.
    """

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        whole = False
        size = 0

        async def receive_some() -> Message:
            nonlocal whole, size
            message = await receive()
            if whole and message["type"] == "http.disconnect" and scope["path"] not in LONG_ANSWERS:
                await asyncio.Future()  # until Django, having answered, cancels this
            size += len(message.get("body", b""))
            if size > max_body:
                raise _TooLarge
            whole = message["type"] == "http.request" and not message.get("more_body", False)
            return message

        if scope["type"] == "http" and _declared(scope) > max_body:
            await _refuse(send)
            return
        try:
            await app(scope, receive_some, send)
        except _TooLarge:
            await _refuse(send)

    return application


def _declared(scope: Message) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def _refuse(send: Send) -> None:
    await send({"type": "http.response.start", "status": 413, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": b""})


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polysite.settings")
application = guarded(cast(App, get_asgi_application()))  # Django's types name dict where ASGI says any mapping
