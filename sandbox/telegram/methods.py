"""The Bot API: which method does what, and the way each call takes: token, fault, method, envelope."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sandbox.telegram import asking, editing, receiving, sending
from sandbox.telegram.connections import hang_up
from sandbox.telegram.errors import ApiError
from sandbox.telegram.faults import Fault
from sandbox.telegram.parameters import Parameters, read_parameters
from sandbox.telegram.store import Json
from sandbox.telegram.world import Call, World

log = logging.getLogger(__name__)

METHODS: dict[str, Callable[[World, Parameters], Awaitable[Any]]] = {
    "getMe": asking.get_me,
    "getFile": asking.get_file,
    "getChat": asking.get_chat,
    "setMyCommands": asking.set_my_commands,
    "getMyCommands": asking.get_my_commands,
    "deleteMyCommands": asking.delete_my_commands,
    "setWebhook": receiving.set_webhook,
    "deleteWebhook": receiving.delete_webhook,
    "getWebhookInfo": receiving.get_webhook_info,
    "getUpdates": receiving.get_updates,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "sendDocument": sending.send_document,
    "sendMediaGroup": sending.send_media_group,
    "sendChatAction": sending.send_chat_action,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageMedia": editing.edit_message_media,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "answerCallbackQuery": editing.answer_callback_query,
}
LINE_CUT = 499  # in the list of calls only: the caller hears nothing
BY_LOWER_NAME = {name.lower(): (name, method) for name, method in METHODS.items()}


async def call(request: Request) -> Response:
    """`GET|POST /bot<token>/<method>`."""
    world: World = request.app.state.world
    name = request.path_params["method"].lower()
    official = BY_LOWER_NAME[name][0] if name in BY_LOWER_NAME else name
    chat_id = None
    try:
        _check_token(world, request)
        parameters = await read_parameters(request)
        chat_id = _chat_id(parameters)
        body = await _perform(world, request, name, parameters)
    except ApiError as error:
        return _refused(world, official, chat_id, error)
    world.calls.append(Call(official, chat_id, 200, None))
    return JSONResponse(body)


async def perform_answer(world: World, answer: Json) -> None:
    """Do the call that a bot put into its answer to a webhook; nobody hears how it ended."""
    values = {name: value for name, value in answer.items() if name != "method"}
    name = str(answer["method"])
    try:
        await _do(world, name.lower(), Parameters(values))
        world.calls.append(Call(name, _chat_id(Parameters(values)), 200, None))
    except ApiError as error:
        _refused(world, name, None, error)


async def download(request: Request) -> Response:
    """`GET /file/bot<token>/<file_path>`."""
    world: World = request.app.state.world
    try:
        _check_token(world, request)
        fault = await _suffer(world, request, "download", None)
        file = world.files.by_path(request.path_params["path"])
        await _suffer_after(request, fault)
    except ApiError as error:
        return _refused(world, "download", None, error)
    if file is None:
        return _refused(world, "download", None, ApiError(404, "Not Found"))
    world.calls.append(Call("download", None, 200, None))
    return FileResponse(world.files.on_disk(file), media_type="application/octet-stream")


async def _perform(world: World, request: Request, name: str, parameters: Parameters) -> Json:
    fault = await _suffer(world, request, name, _chat_id(parameters))
    body = await _do(world, name, parameters)
    await _suffer_after(request, fault)
    return body


async def _do(world: World, name: str, parameters: Parameters) -> Json:
    if name not in BY_LOWER_NAME:
        raise ApiError(404, "Not Found: method not found")
    result = await BY_LOWER_NAME[name][1](world, parameters)
    if isinstance(result, tuple):
        return {"ok": True, "result": result[0], "description": result[1]}
    return {"ok": True, "result": result}


async def _suffer(world: World, request: Request, name: str, chat_id: int | None) -> Fault | None:
    fault = world.faults.take(name, chat_id)
    if fault is None:
        return None
    await asyncio.sleep(fault.delay)
    if fault.drop == "before":
        await _drop(request, "before")
    if error := fault.error():
        raise error
    return fault


async def _suffer_after(request: Request, fault: Fault | None) -> None:
    if fault is not None and fault.drop == "after":
        await _drop(request, "after")


async def _drop(request: Request, when: str) -> None:
    await hang_up(request)
    raise ApiError(LINE_CUT, f"the line was cut {when} it was done")


def _check_token(world: World, request: Request) -> None:
    token = request.path_params["token"]
    if not secrets.compare_digest(token.encode(), world.settings.token.encode()):
        raise ApiError(401, "Unauthorized") if ":" in token else ApiError(404, "Not Found")


def _chat_id(parameters: Parameters) -> int | None:
    try:
        return parameters.integer("chat_id")
    except ApiError:
        return None


def _refused(world: World, name: str, chat_id: int | None, error: ApiError) -> JSONResponse:
    world.calls.append(Call(name, chat_id, error.code, error.description))
    log.info("%s refused: %s %s", name, error.code, error.description)
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else None
    return JSONResponse(error.envelope(), status_code=error.code, headers=headers)
