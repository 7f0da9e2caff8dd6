"""What people do in their chats: they write, send photos and files, press buttons, edit, delete, block the bot, move a group."""

import asyncio
import secrets
import time
from contextlib import suppress

from sandbox.telegram import chats, entities, messages, updates
from sandbox.telegram.chats import Chat
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.files import Upload
from sandbox.telegram.store import Json
from sandbox.telegram.world import World


def new_chat(world: World, kind: str, *, name: str | None = None, chat_id: int | None = None) -> Chat:
    """A person opens the chat with the bot, or the bot is added to a new group."""
    chat = chats.create(world.store, kind, name=name, chat_id=chat_id)
    if not chat.is_private:
        _membership(world, chat, "left", "member")
    world.feed.publish("chat", chat_id=chat.chat_id)
    return chat


def write(world: World, chat: Chat, content: Json, *, reply_to: int | None = None) -> Json:
    """A person sends a message; the bot is told of it. Raises ApiError where this chat takes no messages."""
    if chat.migrated_to is not None:
        raise bad_request(f"the group moved to {chat.migrated_to}")
    if chat.blocked:
        raise bad_request("the bot is blocked in this chat: unblock it first")
    with world.store.together():
        reply = messages.reply(world.store, chat, reply_to, insist=True)
        message = messages.add(world.store, chat, chat.person(), reply | content)
        messages.announce_to_bot(world.store, message)
    world.feed.publish("message", chat_id=chat.chat_id, message=messages.as_control(world.store, message))
    world.courier.wake()
    return message


def text_content(text: str) -> Json:
    """A text as the app sends it, with its commands and links marked."""
    if not text.strip():
        raise bad_request("message text is empty")
    marked = entities.found(text)
    return {"text": text, **({"entities": marked} if marked else {})}


async def photo_content(world: World, upload: Upload, caption: str = "") -> Json:
    """A photo as the app sends it. Raises ApiError 400 where it can only go as a file."""
    return {"photo": await world.files.save_photo(upload.data)} | caption_content(caption)


async def document_content(world: World, upload: Upload, caption: str = "") -> Json:
    """A file as the app sends it: the bytes as they are."""
    return {"document": await world.files.save_document(upload)} | caption_content(caption)


async def upload_content(world: World, upload: Upload, caption: str = "") -> Json:
    """What the app's send button makes of a file: a photo where it can be one, else (and for a GIF) a document."""
    if not upload.data.startswith(b"GIF8"):
        with suppress(ApiError):
            return await photo_content(world, upload, caption)
    return await document_content(world, upload, caption)


async def album(world: World, chat: Chat, uploads: list[Upload], *, kind: str, caption: str = "") -> list[Json]:
    """Several photos or files sent as one: so many messages, the caption on the first."""
    make = photo_content if kind == "photo" else document_content
    group = {"media_group_id": str(secrets.randbits(60))}
    parts = [await make(world, upload, caption if number == 0 else "") for number, upload in enumerate(uploads)]
    return [write(world, chat, group | part) for part in parts]


def caption_content(caption: str) -> Json:
    """The caption, where there is one."""
    marked = entities.found(caption)
    return ({"caption": caption} if caption else {}) | ({"caption_entities": marked} if marked else {})


def edit(world: World, message: Json, content: Json) -> Json:
    """A person changes a message; the bot is told by `edited_message`."""
    changed = message | content | {"edit_date": int(time.time())}
    with world.store.together():
        messages.save(world.store, changed)
        messages.announce_to_bot(world.store, changed, "edited_message")
    world.feed.publish("edited", chat_id=changed["chat"]["id"], message=messages.as_control(world.store, changed))
    world.courier.wake()
    return changed


def delete(world: World, chat: Chat, message_id: int) -> bool:
    """A person deletes a message for everybody; the bot is not told, as on Telegram."""
    gone = messages.delete(world.store, chat.chat_id, message_id)
    if gone:
        world.feed.publish("deleted", chat_id=chat.chat_id, message_id=message_id)
    return gone


def press(world: World, chat: Chat, message: Json, data: str) -> str:
    """A person presses a button of a message; the id of the callback query that the bot gets."""
    query_id = str(secrets.randbits(62))
    where = {"chat_id": chat.chat_id, "message_id": message["message_id"]}
    query = {"id": query_id, "from": chat.person(), "message": message, "chat_instance": str(chat.chat_id), "data": data}
    with world.store.together():
        world.store.insert("callbacks", callback_query_id=query_id, created_at=time.time(), **where)
        updates.add(world.store, "callback_query", query, chat_id=chat.chat_id, message_id=message["message_id"])
    world.courier.wake()
    return query_id


def block(world: World, chat: Chat, *, blocked: bool) -> Chat:
    """The person blocks the bot or lets it in again; a group kicks it or adds it again."""
    changed = chats.set_blocked(world.store, chat, blocked=blocked)
    if changed.blocked != chat.blocked:
        _membership(world, chat, *(("member", "kicked") if blocked else ("kicked", "member")))
    world.feed.publish("chat", chat_id=chat.chat_id)
    return changed


def migrate(world: World, chat: Chat) -> Chat:
    """The group becomes a supergroup, with a service message on either side."""
    with world.store.together():
        new = chats.migrate(world.store, chat)
        for where, content in ((chat, {"migrate_to_chat_id": new.chat_id}), (new, {"migrate_from_chat_id": chat.chat_id})):
            messages.announce_to_bot(world.store, messages.add(world.store, where, chat.person(), content))
    world.feed.publish("chat", chat_id=new.chat_id)
    world.courier.wake()
    return new


async def reset(world: World, *, webhook: bool) -> None:
    """Everything is gone: chats, files, faults, calls; the webhook's setting too where asked."""
    world.store.forget_chats()
    if webhook:
        world.store.keep("webhook", {})
        world.store.keep("allowed_updates", [])
    world.store.keep("webhook_error", {})
    world.faults.clear()
    world.calls.clear()
    world.actions.clear()
    await world.courier.start()
    await asyncio.to_thread(world.files.forget)
    world.feed.publish("reset")


def _membership(world: World, chat: Chat, old: str, new: str) -> None:
    bot = world.bot()
    # Who blocks is "kicked" until for ever: the Bot API's until_date 0.
    states = [{"user": bot, "status": status} | ({"until_date": 0} if status == "kicked" else {}) for status in (old, new)]
    change = {
        "chat": chat.as_telegram(),
        "from": chat.person(),
        "date": int(time.time()),
        "old_chat_member": states[0],
        "new_chat_member": states[1],
    }
    updates.add(world.store, "my_chat_member", change, chat_id=chat.chat_id, message_id=None)
    world.courier.wake()
