"""The control side: what people do, and what a test wants to see or to break. JSON over HTTP under /control.

Errors are 4xx with `{"error": "…"}`. A *chat* is `{"id", "type", "name", "blocked", "migrated_to", "migrated_from"}`. A *message* is
Telegram's Message (`message_id`, `date`, `text`, `photo`, `caption`, …) with `from_bot`, `update_id`, `delivered` (has the bot taken
the update?) and `files: [{"file_id", "url", "size", "mime_type", "file_name", "width", "height", "preview"}]`, for a photo the largest
size only. ID is a chat's id; a name with `?` may be left out.

    GET    /control/health                              {"status": "ok"}
    GET    /control/chats                               {"chats": [chat + "last_message" + "action"], "bot": User, "commands": [BotCommand]}
    POST   /control/chats                               {"type": "private"|"group"|"supergroup", "name"?, "id"?} → 201 chat
    GET    /control/chats/ID                            chat
    GET    /control/chats/ID/messages?after=MESSAGE_ID  {"messages": [message], "action": "upload_photo"|null}
    DELETE /control/chats/ID/messages/MESSAGE_ID        the person deletes a message: 204, and the bot isn't told

    POST   /control/chats/ID/text                       {"text", "reply_to_message_id"?} → 201 message
    POST   /control/chats/ID/photo                      multipart photo, caption?, reply_to_message_id? → 201 message; 400: can't be a photo
    POST   /control/chats/ID/document                   multipart document, caption?, reply_to_message_id?: the bytes as they are
    POST   /control/chats/ID/upload                     multipart file, caption?, reply_to_message_id?: a photo where it can be
    POST   /control/chats/ID/album                      multipart 2-10 × photo or 2-10 × document, caption? → 201 {"messages": [message]}
    POST   /control/chats/ID/edit                       {"message_id", "text" or "caption"} → message; the bot gets edited_message
    POST   /control/chats/ID/press                      {"message_id", "data"} → {"callback_query_id"}
    GET    /control/callbacks/CALLBACK_QUERY_ID         {"answer": {"text", "show_alert", "url"} or null}
    POST   /control/chats/ID/block, /unblock            chat; a group kicks the bot, or adds it again
    POST   /control/chats/ID/migrate                    the new supergroup's chat
    GET    /control/files/FILE_ID                       the bytes

    GET    /control/updates?chat_id=ID                  {"updates": [{"update_id", "chat_id", "message_id", "kind", "delivered", "attempts",
                                                        "update": Update}]}
    POST   /control/updates/UPDATE_ID/deliver           {"times"?: 1, "urls"?: […], "secret"?: text or null} → {"answers": […]}
    POST   /control/deliver                             the same, with "body": any JSON, or {"raw": "text"}
           These POST now, times × urls copies at the same moment, beside the ordinary delivery, which they don't touch. Default: once, to
           the webhook, with its secret; null sends no header. An answer is {"url", "status", "body", "headers"}; status null, and
           "error", where nothing answered.

    POST   /control/faults                              {"method": "sendPhoto"|"download"|"*", …} → 201 {"id"}
           "chat_id"?: only for this chat. "times"?: calls, 1 by default, 0 until cleared. What happens: "delay": seconds; then
           "drop": "before" (cut the line, do nothing) or "after" (do it, cut the line); or "code": 400, 401, 403, 429, 5xx with
           "description"?, "retry_after"?, "migrate_to_chat_id"?
    GET    /control/faults                              {"faults": [fault + "used"]}
    DELETE /control/faults, /control/faults/FAULT_ID    204
    GET    /control/calls?method=NAME&chat_id=ID        {"calls": [{"at", "method", "chat_id", "status", "description"}]} since the start;
                                                        status 499 is a line that was cut
    DELETE /control/calls                               204
    POST   /control/reset                               {"webhook"?: true to forget it too} → 204
    GET    /control/events                              server-sent events: hello (read the chats now), chat, message, edited, deleted,
                                                        delivered, action, callback, commands, reset; with chat_id where about one
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.telegram import control_chats, control_people, control_wire
from sandbox.telegram.control_requests import Handler
from sandbox.telegram.errors import ApiError

HANDLERS = (*control_chats.HANDLERS, *control_people.HANDLERS, *control_wire.HANDLERS)


def routes() -> list[Route]:
    """All of /control."""
    return [Route(f"/control{path}", _endpoint(handler), methods=[method]) for method, path, handler in HANDLERS]


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request.app.state.world, request)
        except ApiError as error:
            return JSONResponse(
                {"error": error.description}, status_code=404 if error.description.endswith("chat not found") else error.code
            )
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return endpoint
