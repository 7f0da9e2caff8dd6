"""What is known of a chat beyond its predictions: where it moved to, and until when Telegram wants it left alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from detection import table
from detection.aws import translated
from detection.table import ChatItem

# What is newly known of an erased chat doesn't go with the mark.
_STAYS = ChatItem.expires_at.remove()


def current_id(chat_id: int) -> int:
    """Where to write to this chat now: its own id, or that of the supergroup it became."""
    item = _item(chat_id)
    # A supergroup is never migrated again, so there is one hop and no chain to follow.
    return int(item.migrated_to) if item and item.migrated_to is not None else chat_id


def migrated(old_id: int, new_id: int) -> None:
    """Note, at both ends, that a group became a supergroup."""
    with translated(f"noting that chat {old_id} moved"):
        table.chats()(old_id).update(actions=[ChatItem.migrated_to.set(new_id), _STAYS])
        table.chats()(new_id).update(actions=[ChatItem.migrated_from.set(old_id), _STAYS])


def not_before(chat_id: int) -> datetime | None:
    """Until when Telegram asked us to leave this chat alone; None where it didn't."""
    item = _item(chat_id)
    return item.not_before if item else None


def defer(chat_id: int, until: datetime) -> None:
    """Note that Telegram asked us to leave this chat alone until then."""
    with translated(f"deferring chat {chat_id}"):
        table.chats()(chat_id).update(actions=[ChatItem.not_before.set(until), _STAYS])


def related(chat_id: int) -> list[int]:
    """The chat, and the one that it became or was before: one conversation, to those who were in it."""
    item = _item(chat_id)
    # PynamoDB's types say that an attribute is always there; null=True says that it needn't be.
    others = cast("list[int | None]", [item.migrated_to, item.migrated_from] if item else [])
    return [chat_id, *(int(other) for other in others if other is not None)]


def erase(chat_id: int, *, at: datetime, kept: timedelta) -> None:
    """Forget what is known of the chat: what stays, for so long, is the mark that it was erased at this time."""
    mark = table.chats()(chat_id, erased_at=at)
    mark.expires_at = at + kept
    with translated(f"erasing chat {chat_id}"):
        mark.save()


def erased_since(chat_id: int, at: datetime) -> bool:
    """Whether the chat was erased at this time or after it."""
    item = _item(chat_id)
    erased_at = cast("datetime | None", item.erased_at) if item else None
    return erased_at is not None and erased_at >= at


def _item(chat_id: int) -> ChatItem | None:
    model = table.chats()
    with translated(f"reading chat {chat_id}"):
        try:
            return model.get(chat_id, consistent_read=True)
        except model.DoesNotExist:
            return None
