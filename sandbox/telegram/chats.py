"""The chats: who they are, and what the Bot API says of them."""

import time
from dataclasses import dataclass

from sandbox.telegram.errors import ApiError, bad_request, forbidden
from sandbox.telegram.store import Json, Store

# Telegram's ids need 64 bits, groups' are negative, supergroups' begin with -100: code that expects otherwise should fail here already.
FIRST_PERSON = 5_000_000_001
FIRST_GROUP = 4_000_000_001
FIRST_SUPERGROUP = 1_000_000_000_001
GROUP_MEMBER = {"id": FIRST_PERSON - 1, "is_bot": False, "first_name": "Ada", "language_code": "en"}
NAMES = ("Ada", "Grace", "Alan", "Katherine", "Linus", "Hedy", "Edsger", "Radia", "Dennis", "Mary")


@dataclass(frozen=True)
class Chat:
    """A person's chat with the bot, or a group that the bot is in."""

    chat_id: int
    type: str
    name: str
    created_at: float
    blocked: bool
    migrated_to: int | None
    migrated_from: int | None

    @property
    def is_private(self) -> bool:
        """A chat with one person."""
        return self.type == "private"

    def as_telegram(self) -> Json:
        """The Bot API's Chat."""
        name = {"first_name": self.name} if self.is_private else {"title": self.name}
        return {"id": self.chat_id, "type": self.type, **name}

    def person(self) -> Json:
        """The User who writes in this chat."""
        if not self.is_private:
            return dict(GROUP_MEMBER)
        return {"id": self.chat_id, "is_bot": False, "first_name": self.name, "language_code": "en"}

    def as_control(self) -> Json:
        """What the control side and the page see."""
        moved = {"migrated_to": self.migrated_to, "migrated_from": self.migrated_from}
        return {"id": self.chat_id, "type": self.type, "name": self.name, "blocked": self.blocked, **moved}


def create(store: Store, kind: str, *, name: str | None = None, chat_id: int | None = None) -> Chat:
    """Add a chat; without a name or id, the next of ours. An id that exists already is that chat again."""
    new_id = _next_id(store, kind) if chat_id is None else chat_id
    if find(store, new_id) is None:
        called = name or (NAMES[len(every(store)) % len(NAMES)] if kind == "private" else "Friends")
        store.insert("chats", chat_id=new_id, type=kind, name=called, created_at=time.time())
    return known(store, new_id)


def find(store: Store, chat_id: int) -> Chat | None:
    """The chat, or None."""
    row = store.row("SELECT chat_id, type, name, created_at, blocked, migrated_to, migrated_from FROM chats WHERE chat_id = ?", chat_id)
    return None if row is None else Chat(**{**dict(row), "blocked": bool(row["blocked"])})


def known(store: Store, chat_id: int) -> Chat:
    """The chat; ApiError 400 where there is none."""
    chat = find(store, chat_id)
    if chat is None:
        raise bad_request("chat not found")
    return chat


def writable(store: Store, chat_id: int) -> Chat:
    """The chat, where a bot may write to it now; otherwise the error that Telegram answers."""
    chat = known(store, chat_id)
    if chat.migrated_to is not None:
        raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
    if chat.blocked:
        raise forbidden("bot was blocked by the user" if chat.is_private else f"bot was kicked from the {chat.type} chat")
    return chat


def every(store: Store) -> list[Chat]:
    """All chats, oldest first."""
    rows = store.rows("SELECT chat_id FROM chats ORDER BY created_at, chat_id")
    return [known(store, row["chat_id"]) for row in rows]


def set_blocked(store: Store, chat: Chat, *, blocked: bool) -> Chat:
    """The person blocks the bot, or lets it in again; in a group: the bot is kicked, or added again."""
    store.run("UPDATE chats SET blocked = ? WHERE chat_id = ?", int(blocked), chat.chat_id)
    return known(store, chat.chat_id)


def migrate(store: Store, chat: Chat) -> Chat:
    """The group becomes a supergroup with a new id, which is returned; messages don't move."""
    new = create(store, "supergroup", name=chat.name)
    store.run("UPDATE chats SET migrated_to = ? WHERE chat_id = ?", new.chat_id, chat.chat_id)
    store.run("UPDATE chats SET migrated_from = ? WHERE chat_id = ?", chat.chat_id, new.chat_id)
    return known(store, new.chat_id)


def _next_id(store: Store, kind: str) -> int:
    if kind == "private":
        return store.count_up("person", FIRST_PERSON)
    return -store.count_up(kind, FIRST_GROUP if kind == "group" else FIRST_SUPERGROUP)
