"""What happens in the chats, told to whoever listens: the chat page, long polls, tests."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

QUIET_SECONDS = 15.0  # a comment line now and then, so that a dead connection is noticed


class Feed:
    """Publishes events to every listener. A listener that connects late gets nothing old: it reads the chats first."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self._number = 0
        self.closed = asyncio.Event()

    def publish(self, kind: str, **data: Any) -> None:
        """Tell all listeners; nothing waits for them."""
        self._number += 1
        text = f"id: {self._number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
        for listener in self._listeners:
            listener.put_nowait(text)

    def close(self) -> None:
        """End every stream: a server that stops must not wait for its listeners."""
        self.closed.set()
        for listener in self._listeners:
            listener.put_nowait(None)

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events from now on. The first is `hello`: whoever sees it (again) reads the chats anew."""
        listener: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield "retry: 1000\nevent: hello\ndata: {}\n\n"
            while not self.closed.is_set():
                text = await _next(listener)
                if text is None:
                    return
                yield text
        finally:
            self._listeners.discard(listener)


async def _next(listener: asyncio.Queue[str | None]) -> str | None:
    try:
        return await asyncio.wait_for(listener.get(), QUIET_SECONDS)
    except TimeoutError:
        return ": still here\n\n"
