"""Hanging up on a client without an answer: what a test orders to see the service in doubt."""

from typing import Any

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol


class CuttableProtocol(H11Protocol):
    """Lets a request's handler reach the line it came on, by the request's state."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.app_state = {**self.app_state, "line": self}


async def hang_up(request: Request) -> None:
    """Cut the line under a request; returns when it is cut, after which no answer can leave."""
    line: CuttableProtocol = request.state.line
    line.transport.abort()
    # What is left to read, up to the news that the other side is gone: uvicorn's, since abort() reports to it in a later turn of the loop.
    while (await request.receive())["type"] != "http.disconnect":
        pass
