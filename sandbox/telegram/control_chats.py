"""The control side's chats: to list, make, read, block and move them."""

import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.telegram import chats, messages, people
from sandbox.telegram.chats import Chat
from sandbox.telegram.control_requests import Handling, body_of, chat_of
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.store import Json
from sandbox.telegram.world import World


async def list_chats(world: World, _request: Request) -> Response:
    """All chats, oldest first, each with its newest message."""
    listed = [chat.as_control() | {"last_message": _last(world, chat), "action": _action(world, chat)} for chat in chats.every(world.store)]
    return JSONResponse({"chats": listed, "bot": world.bot(), "commands": world.store.fact("commands", [])})


async def create_chat(world: World, request: Request) -> Response:
    """A new chat."""
    body = await body_of(request)
    kind = body.text("type") or "private"
    if kind not in {"private", "group", "supergroup"}:
        raise bad_request(f"type is private, group or supergroup, not {kind!r}")
    chat = people.new_chat(world, kind, name=body.text("name") or None, chat_id=body.integer("id"))
    return JSONResponse(chat.as_control(), status_code=201)


async def show_chat(world: World, request: Request) -> Response:
    """One chat."""
    return JSONResponse(chat_of(world, request).as_control())


async def list_messages(world: World, request: Request) -> Response:
    """A chat's messages, oldest first, and what the bot is doing there."""
    chat = chat_of(world, request)
    after = int(request.query_params.get("after", 0))
    listed = [messages.as_control(world.store, message) for message in messages.of_chat(world.store, chat.chat_id, after=after)]
    return JSONResponse({"messages": listed, "action": _action(world, chat)})


async def delete_message(world: World, request: Request) -> Response:
    """A person deletes a message."""
    chat = chat_of(world, request)
    if not people.delete(world, chat, int(request.path_params["message"])):
        raise ApiError(404, f"chat {chat.chat_id} has no message {request.path_params['message']}")
    return Response(status_code=204)


async def block(world: World, request: Request) -> Response:
    """The person blocks the bot; a group kicks it."""
    return JSONResponse(people.block(world, chat_of(world, request), blocked=True).as_control())


async def unblock(world: World, request: Request) -> Response:
    """The person lets the bot in again."""
    return JSONResponse(people.block(world, chat_of(world, request), blocked=False).as_control())


async def migrate(world: World, request: Request) -> Response:
    """A group becomes a supergroup."""
    chat = chat_of(world, request)
    if chat.type != "group" or chat.migrated_to is not None:
        raise bad_request("only a group that has not moved yet can become a supergroup")
    return JSONResponse(people.migrate(world, chat).as_control())


def _last(world: World, chat: Chat) -> Json | None:
    message = messages.last(world.store, chat.chat_id)
    return None if message is None else messages.as_control(world.store, message)


def _action(world: World, chat: Chat) -> str | None:
    action, until = world.actions.get(chat.chat_id, (None, 0.0))
    return action if time.time() < until else None


HANDLERS: tuple[Handling, ...] = (
    ("GET", "/chats", list_chats),
    ("POST", "/chats", create_chat),
    ("GET", "/chats/{chat}", show_chat),
    ("GET", "/chats/{chat}/messages", list_messages),
    ("DELETE", "/chats/{chat}/messages/{message:int}", delete_message),
    ("POST", "/chats/{chat}/block", block),
    ("POST", "/chats/{chat}/unblock", unblock),
    ("POST", "/chats/{chat}/migrate", migrate),
)
