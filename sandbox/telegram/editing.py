"""The Bot API's methods that change or remove what is in a chat."""

import json
import time

from sandbox.telegram import chats, contents, messages
from sandbox.telegram.errors import bad_request
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.sending import media_content, target
from sandbox.telegram.store import Json
from sandbox.telegram.world import World

SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
CAPTION = ("caption", "caption_entities")
CONTENT = ("text", "entities", "photo", "document", *CAPTION)


async def edit_message_text(world: World, parameters: Parameters) -> Json:
    """editMessageText."""
    message = _own(world, parameters)
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    return _changed(world, message, contents.text(parameters.values) | contents.buttons(parameters), drop=CONTENT)


async def edit_message_caption(world: World, parameters: Parameters) -> Json:
    """editMessageCaption; without a caption, it is removed."""
    message = _own(world, parameters)
    if not any(kind in message for kind in messages.MEDIA):
        raise bad_request("there is no caption in the message to edit")
    return _changed(world, message, contents.caption(parameters.values) | contents.buttons(parameters), drop=CAPTION)


async def edit_message_media(world: World, parameters: Parameters) -> Json:
    """editMessageMedia; it can turn a text into a photo."""
    message = _own(world, parameters)
    item = parameters.structure("media")
    if item is None:
        raise bad_request("there is no media in the request")
    content = await media_content(world, parameters, item)
    return _changed(world, message, content | contents.buttons(parameters), drop=CONTENT)


async def edit_message_reply_markup(world: World, parameters: Parameters) -> Json:
    """editMessageReplyMarkup; without a markup, it is removed."""
    return _changed(world, _own(world, parameters), contents.buttons(parameters), drop=())


async def delete_message(world: World, parameters: Parameters) -> bool:
    """deleteMessage: the bot's own, or a person's in a private chat."""
    chat = target(world, parameters)
    message_id = _message_id(parameters)
    if not messages.delete(world.store, chat.chat_id, message_id):
        raise bad_request("message to delete not found")
    world.feed.publish("deleted", chat_id=chat.chat_id, message_id=message_id)
    return True


async def answer_callback_query(world: World, parameters: Parameters) -> bool:
    """answerCallbackQuery: once, and within a minute or so."""
    query_id = parameters.text("callback_query_id")
    row = world.store.row("SELECT * FROM callbacks WHERE callback_query_id = ? AND answer IS NULL", query_id)
    if row is None:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    answer = {"text": parameters.text("text"), "show_alert": parameters.flag("show_alert"), "url": parameters.text("url")}
    world.store.run("UPDATE callbacks SET answer = ? WHERE callback_query_id = ?", json.dumps(answer), query_id)
    world.feed.publish("callback", chat_id=row["chat_id"], message_id=row["message_id"], callback_query_id=query_id, **answer)
    return True


def _own(world: World, parameters: Parameters) -> Json:
    chat = chats.writable(world.store, target(world, parameters).chat_id)
    message = messages.find(world.store, chat.chat_id, _message_id(parameters))
    if message is None:
        raise bad_request("message to edit not found")
    if not message["from"]["is_bot"]:
        raise bad_request("message can't be edited")
    return message


def _message_id(parameters: Parameters) -> int:
    message_id = parameters.integer("message_id")
    if message_id is None:
        raise bad_request("message identifier is not specified")
    return message_id


def _changed(world: World, message: Json, content: Json, *, drop: tuple[str, ...]) -> Json:
    # An edit without a keyboard takes the old one away, as on Telegram.
    kept = {name: value for name, value in message.items() if name not in {*drop, "reply_markup"}}
    changed = kept | content
    if changed == message:
        raise bad_request(SAME)
    changed["edit_date"] = int(time.time())
    messages.save(world.store, changed)
    world.feed.publish("edited", chat_id=changed["chat"]["id"], message=messages.as_control(world.store, changed))
    return changed
