"""The control side's people: they write, send, edit and press, and look at the files that come back."""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sandbox.telegram import messages, people
from sandbox.telegram.control_requests import Handling, body_of, chat_of, message_of
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.files import Upload
from sandbox.telegram.parameters import Parameters, read_form
from sandbox.telegram.store import Json
from sandbox.telegram.world import World

SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})


async def send_text(world: World, request: Request) -> Response:
    """A person writes."""
    body = await body_of(request)
    return _sent(
        world,
        people.write(world, chat_of(world, request), people.text_content(body.text("text")), reply_to=body.integer("reply_to_message_id")),
    )


async def send_photo(world: World, request: Request) -> Response:
    """A person sends a photo."""
    return await _send_file(world, request, "photo", people.photo_content)


async def send_document(world: World, request: Request) -> Response:
    """A person sends a file as it is."""
    return await _send_file(world, request, "document", people.document_content)


async def send_upload(world: World, request: Request) -> Response:
    """A person picks a file and presses send."""
    return await _send_file(world, request, "file", people.upload_content)


async def send_album(world: World, request: Request) -> Response:
    """A person sends several photos, or several files, at once."""
    values, uploads = await read_form(request)
    kind = "photo" if "photo" in uploads else "document"
    if not 2 <= len(uploads.get(kind, [])) <= 10:
        raise bad_request("an album is 2 to 10 files named photo, or named document")
    sent = await people.album(world, chat_of(world, request), uploads[kind], kind=kind, caption=values.get("caption", ""))
    return JSONResponse({"messages": [messages.as_control(world.store, message) for message in sent]}, status_code=201)


async def edit(world: World, request: Request) -> Response:
    """A person changes a message."""
    body = await body_of(request)
    message = message_of(world, request, body.integer("message_id"))
    content = people.text_content(body.text("text")) if "text" in message else people.caption_content(body.text("caption"))
    return JSONResponse(messages.as_control(world.store, people.edit(world, message, content)))


async def press(world: World, request: Request) -> Response:
    """A person presses a button; `data` that no button has is sent all the same: a client may be modified."""
    body = await body_of(request)
    message = message_of(world, request, body.integer("message_id"))
    return JSONResponse({"callback_query_id": people.press(world, chat_of(world, request), message, body.text("data"))})


async def show_callback(world: World, request: Request) -> Response:
    """What the bot answered to a button."""
    row = world.store.row("SELECT answer FROM callbacks WHERE callback_query_id = ?", request.path_params["callback"])
    if row is None:
        raise ApiError(404, "no such callback query")
    return JSONResponse({"answer": json.loads(row["answer"]) if row["answer"] else None})


async def show_file(world: World, request: Request) -> Response:
    """The bytes of a file; a picture is shown, anything else is saved, so that a page somebody sent never runs here."""
    file = world.files.find(request.path_params["file"])
    if file is None:
        raise ApiError(404, "no such file")
    name, how = file.name or "photo.jpg", "inline" if file.mime_type in SHOWN else "attachment"
    safe = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=31536000, immutable"}
    path = world.files.on_disk(file)
    return FileResponse(path, media_type=file.mime_type, filename=name, content_disposition_type=how, headers=safe)


async def _send_file(world: World, request: Request, field: str, make: Callable[[World, Upload, str], Awaitable[Json]]) -> Response:
    values, uploads = await read_form(request)
    if field not in uploads:
        raise bad_request(f"a multipart form with a file named {field} is needed")
    content = await make(world, uploads[field][0], values.get("caption", ""))
    return _sent(
        world, people.write(world, chat_of(world, request), content, reply_to=Parameters(dict(values)).integer("reply_to_message_id"))
    )


def _sent(world: World, message: Json) -> Response:
    return JSONResponse(messages.as_control(world.store, message), status_code=201)


HANDLERS: tuple[Handling, ...] = (
    ("POST", "/chats/{chat}/text", send_text),
    ("POST", "/chats/{chat}/photo", send_photo),
    ("POST", "/chats/{chat}/document", send_document),
    ("POST", "/chats/{chat}/upload", send_upload),
    ("POST", "/chats/{chat}/album", send_album),
    ("POST", "/chats/{chat}/edit", edit),
    ("POST", "/chats/{chat}/press", press),
    ("GET", "/callbacks/{callback}", show_callback),
    ("GET", "/files/{file}", show_file),
)
