"""What stands between uvicorn and Django."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from django.urls import reverse

from polysite.asgi import App, Message, Receive, Send, guarded


async def asked(app: App, messages: Iterable[Message], *, path: str = "/", headers: Iterable[tuple[bytes, bytes]] = ()) -> list[Message]:
    """What the application sends when these messages come in, one after the other."""
    incoming = iter(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        return next(incoming)

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "path": path, "headers": list(headers)}, receive, send)
    return sent


async def reader(scope: Message, receive: Receive, send: Send) -> None:
    """Reads the body to its end and answers with its length."""
    size = 0
    more = True
    while more:
        message = await receive()
        size += len(message["body"])
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def part(size: int, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": bytes(size), "more_body": more}


async def test_a_body_up_to_the_limit_is_read() -> None:
    sent = await asked(guarded(reader, max_body=10), [part(5, more=True), part(5)], headers=[(b"content-length", b"10")])
    assert [message.get("status", message.get("body")) for message in sent] == [200, b"10"]


async def test_a_body_that_says_to_be_larger_is_not_even_read() -> None:
    sent = await asked(guarded(reader, max_body=10), [], headers=[(b"content-length", b"11")])
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"1")], [(b"content-length", b"-1")]])
async def test_nor_is_one_that_does_not_say_so(headers: list[tuple[bytes, bytes]]) -> None:
    sent = await asked(guarded(reader, max_body=10), [part(6, more=True), part(6, more=True), part(6)], headers=headers)
    assert [message["status"] for message in sent[:1]] == [413]


async def test_hanging_up_stops_nothing_that_came_in_whole() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    sent = await asked(guarded(app), [part(1), {"type": "http.disconnect"}])
    assert sent[0]["status"] == 200


async def test_hanging_up_stops_an_export() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "told"})

    export = reverse("admin:export")
    assert await asked(guarded(app), [part(1), {"type": "http.disconnect"}], path=export) == [{"type": "told"}]


async def test_hanging_up_in_the_middle_of_a_body_is_told() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "told"})

    assert await asked(guarded(app), [part(1, more=True), {"type": "http.disconnect"}]) == [{"type": "told"}]
