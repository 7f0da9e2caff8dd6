"""What the control side's requests name: a chat, a message, a JSON body."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.telegram import chats, messages
from sandbox.telegram.chats import Chat
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.store import Json
from sandbox.telegram.world import World

Handler = Callable[[World, Request], Awaitable[Response]]
Handling = tuple[str, str, Handler]  # HTTP method, path under /control, what it does


async def body_of(request: Request) -> Parameters:
    raw = await request.body()
    values: Any = json.loads(raw) if raw else {}
    if not isinstance(values, dict):
        raise bad_request("expected a JSON object")
    return Parameters(values)


def chat_of(world: World, request: Request) -> Chat:
    return chats.known(world.store, int(request.path_params["chat"]))


def message_of(world: World, request: Request, message_id: int | None) -> Json:
    chat = chat_of(world, request)
    message = messages.find(world.store, chat.chat_id, message_id or 0)
    if message is None:
        raise ApiError(404, f"chat {chat.chat_id} has no message {message_id}")
    return message
