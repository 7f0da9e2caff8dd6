"""Messages: as the Bot API shows them, numbered as Telegram numbers them."""

import json
import time
from typing import Any

from sandbox.telegram import updates
from sandbox.telegram.chats import Chat
from sandbox.telegram.errors import bad_request
from sandbox.telegram.store import Json, Store

MEDIA = ("photo", "document")


def add(store: Store, chat: Chat, sender: Json, content: Json) -> Json:
    """Write a message into a chat; the Message as a bot sees it."""
    head = {"message_id": _next_id(store, chat), "from": sender, "chat": chat.as_telegram(), "date": int(time.time())}
    message = {**head, **content}
    save(store, message)
    return message


def save(store: Store, message: Json) -> None:
    """Keep a message, new or changed."""
    key = {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
    store.insert("messages", **key, from_bot=int(message["from"]["is_bot"]), body=json.dumps(message))


def find(store: Store, chat_id: int, message_id: int) -> Json | None:
    """The message, or None where there never was one or it was deleted."""
    row = store.row("SELECT body FROM messages WHERE chat_id = ? AND message_id = ?", chat_id, message_id)
    return None if row is None else _loaded(row["body"])


def of_chat(store: Store, chat_id: int, *, after: int = 0) -> list[Json]:
    """All messages of a chat, oldest first."""
    rows = store.rows("SELECT body FROM messages WHERE chat_id = ? AND message_id > ? ORDER BY message_id", chat_id, after)
    return [_loaded(row["body"]) for row in rows]


def last(store: Store, chat_id: int) -> Json | None:
    """The newest message of a chat, or None."""
    row = store.row("SELECT body FROM messages WHERE chat_id = ? ORDER BY message_id DESC LIMIT 1", chat_id)
    return None if row is None else _loaded(row["body"])


def delete(store: Store, chat_id: int, message_id: int) -> bool:
    """Remove a message; False where there was none."""
    return store.run("DELETE FROM messages WHERE chat_id = ? AND message_id = ?", chat_id, message_id) == 1


def reply(store: Store, chat: Chat, message_id: int | None, *, insist: bool) -> Json:
    """The `reply_to_message` part of an answer; empty where the message is gone and `insist` is off, ApiError 400 where it is on."""
    if not message_id:
        return {}
    target = find(store, chat.chat_id, message_id)
    if target is None and insist:
        raise bad_request("message to be replied not found")
    return {} if target is None else {"reply_to_message": without_reply(target)}


def without_reply(message: Json) -> Json:
    """Telegram shows one level of replies."""
    return {name: value for name, value in message.items() if name != "reply_to_message"}


def as_control(store: Store, message: Json) -> Json:
    """A message for the control side: Telegram's, with who wrote it, whether the bot has taken it, and where its files are."""
    from_bot = message["from"]["is_bot"]
    update = _update_of(store, message)
    delivery = {"update_id": update["update_id"] if update else None, "delivered": bool(update and update["delivered_at"])}
    return {**message, "from_bot": from_bot, **delivery, "files": _files(message)}


def _update_of(store: Store, message: Json) -> Any:
    query = "SELECT update_id, delivered_at FROM updates WHERE chat_id = ? AND message_id = ? AND kind = 'message'"
    return store.row(query, message["chat"]["id"], message["message_id"])


def _files(message: Json) -> list[Json]:
    found = message["photo"][-1] if "photo" in message else message.get("document")
    if found is None:
        return []
    small = message["photo"][-1] if "photo" in message else found.get("thumbnail", {})
    mime_type = found.get("mime_type", "image/jpeg")
    about = {"file_id": found["file_id"], "url": f"/control/files/{found['file_id']}", "size": found["file_size"], "mime_type": mime_type}
    preview = f"/control/files/{small['file_id']}" if small else None
    return [{**about, "file_name": found.get("file_name"), "width": small.get("width"), "height": small.get("height"), "preview": preview}]


def _next_id(store: Store, chat: Chat) -> int:
    # The bot's private chats and groups share one series; each supergroup has its own.
    series = f"message{chat.chat_id}" if chat.type == "supergroup" else "message"
    return store.count_up(series, 1)


def _loaded(body: str) -> Json:
    message: Json = json.loads(body)
    return message


def announce_to_bot(store: Store, message: Json, kind: str = "message") -> int | None:
    """Queue the update that tells the bot of a person's message."""
    return updates.add(store, kind, message, chat_id=message["chat"]["id"], message_id=message["message_id"])
