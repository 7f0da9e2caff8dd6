"""The Bot API's methods that write into a chat."""

import secrets
import time
from typing import Any

from sandbox.telegram import chats, contents, messages
from sandbox.telegram.chats import Chat
from sandbox.telegram.errors import bad_request
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.store import Json
from sandbox.telegram.world import World

ACTION_SECONDS = 5.0
ACTIONS = (
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
)  # fmt: skip


async def send_message(world: World, parameters: Parameters) -> Json:
    """sendMessage."""
    chat = target(world, parameters)
    return _send(world, chat, parameters, contents.text(parameters.values))


async def send_photo(world: World, parameters: Parameters) -> Json:
    """sendPhoto."""
    chat = target(world, parameters)
    caption = contents.caption(parameters.values)
    return _send(world, chat, parameters, await contents.photo(world.files, parameters.file("photo")) | caption)


async def send_document(world: World, parameters: Parameters) -> Json:
    """sendDocument."""
    chat = target(world, parameters)
    caption = contents.caption(parameters.values)
    return _send(world, chat, parameters, await contents.document(world.files, parameters.file("document")) | caption)


async def send_media_group(world: World, parameters: Parameters) -> list[Json]:
    """sendMediaGroup: all of the album, or nothing of it."""
    chat = target(world, parameters)
    media = parameters.structure("media")
    if not isinstance(media, list) or not media:
        raise bad_request("there are no messages to send")
    if not 2 <= len(media) <= 10:
        raise bad_request("too many messages to send as an album" if len(media) > 10 else "media group must have from 2 to 10 elements")
    if len({item.get("type") for item in media}) > 1:
        raise bad_request("can't use the media of the specified type in the album")
    parts = [await media_content(world, parameters, item) for item in media]
    album = {"media_group_id": str(secrets.randbits(60))}
    with world.store.together():
        return [_send(world, chat, parameters, album | part) for part in parts]


async def send_chat_action(world: World, parameters: Parameters) -> bool:
    """sendChatAction: shows for five seconds, or until the bot writes."""
    chat = target(world, parameters)
    action = parameters.text("action").lower()
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    world.actions[chat.chat_id] = (action, time.time() + ACTION_SECONDS)
    world.feed.publish("action", chat_id=chat.chat_id, action=action)
    return True


async def media_content(world: World, parameters: Parameters, item: Any) -> Json:
    """The content that an InputMediaPhoto or InputMediaDocument stands for."""
    kinds = {"photo": contents.photo, "document": contents.document}
    if not isinstance(item, dict) or item.get("type") not in kinds:
        raise bad_request("can't parse InputMedia: media of this type isn't supported here")
    given = parameters.file("", value=item.get("media"))
    return await kinds[item["type"]](world.files, given) | contents.caption(item)


def target(world: World, parameters: Parameters) -> Chat:
    """The chat that the call names, where the bot may write to it."""
    chat_id = parameters.text("chat_id")
    if not chat_id:
        raise bad_request("chat_id is empty")
    try:
        return chats.writable(world.store, int(chat_id))
    except ValueError:
        raise bad_request("chat not found") from None


def _send(world: World, chat: Chat, parameters: Parameters, content: Json) -> Json:
    reply = _reply(world, chat, parameters)
    message = messages.add(world.store, chat, world.bot(), reply | content | contents.buttons(parameters))
    world.actions.pop(chat.chat_id, None)
    world.feed.publish("message", chat_id=chat.chat_id, message=messages.as_control(world.store, message))
    return message


def _reply(world: World, chat: Chat, parameters: Parameters) -> Json:
    given = parameters.structure("reply_parameters") or {}
    if not isinstance(given, dict):
        raise bad_request("can't parse reply parameters: expected an Object")
    told = Parameters(given)
    message_id = told.integer("message_id") or parameters.integer("reply_to_message_id")
    lenient = told.flag("allow_sending_without_reply") or parameters.flag("allow_sending_without_reply")
    return messages.reply(world.store, chat, message_id, insist=not lenient)
