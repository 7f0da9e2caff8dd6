"""The little of HTTP/1.1 that clients of SQS speak, with connections that can be reset, frozen and cut."""

from __future__ import annotations

import asyncio
import http
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Serve = Callable[["Connection", "Request"], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Connection(asyncio.Protocol):
    """Calls `serve` with each request in turn; a client that goes away cancels what it had asked for."""

    def __init__(self, serve: Serve, connections: set[Connection]) -> None:
        self.dead = False  # never answers again
        self._serve, self._connections = serve, connections
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        self._connections.discard(self)
        if self._task:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if not self.dead:
            self._buffer += data
            self._next()

    def write(self, data: bytes) -> None:
        if self._transport and not self.dead:
            self._transport.write(data)

    def cut(self, data: bytes) -> None:
        """Send this and close."""
        self.write(data)
        if self._transport:
            self._transport.close()

    def reset(self) -> None:
        """Close so that the client sees "connection reset"."""
        if self._transport:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def freeze(self) -> None:
        """Stay open and never answer again, not even what is being served."""
        self.dead = True
        if self._task:
            self._task.cancel()

    def _next(self) -> None:
        if self._task and not self._task.done():
            return
        if request := self._parse():
            self._task = asyncio.get_running_loop().create_task(self._one(request))

    async def _one(self, request: Request) -> None:
        await self._serve(self, request)
        self._task = None
        self._next()

    def _parse(self) -> Request | None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            if headers.get("expect", "").lower() == "100-continue" and not rest:
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        self._buffer = rest[length:]
        return Request(first.split(" ")[1], headers, rest[:length])


def answer(status: int, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A whole answer, as it goes over the wire."""
    lines = [
        f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}",
        "Content-Type: application/x-amz-json-1.0",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
