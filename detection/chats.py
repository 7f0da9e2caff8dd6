"""What is known of a chat beyond its predictions: where it moved, until when Telegram wants it left alone, and whether it is blocked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from detection import table
from detection.aws import translated
from detection.clock import now
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
    return [chat_id, *_others(item)] if item else [chat_id]


def block(chat_id: int) -> bool:
    """Take no photos from the chat, nor from what it became or was before. False: it was blocked already."""
    if blocked_since(chat_id):
        return False
    with translated(f"blocking chat {chat_id}"):
        table.chats()(chat_id).update(actions=[ChatItem.blocked_at.set(now()), _STAYS])
    return True


def unblock(chat_id: int) -> bool:
    """Take photos from the chat again. False: it was not blocked."""
    blocked = [one for one in related(chat_id) if _blocked_at(one)]
    for one in blocked:
        with translated(f"unblocking chat {one}"):
            table.chats()(one).update(actions=[ChatItem.blocked_at.remove()])
    return bool(blocked)


def blocked_since(chat_id: int) -> datetime | None:
    """Since when no photos are taken from the chat; None where they are. A group's block holds for the supergroup that it became."""
    # Asked for each photo, so with one read where the chat never moved.
    item = _item(chat_id)
    if item is None or item.blocked_at:
        return item.blocked_at if item else None
    return next((at for other in _others(item) if (at := _blocked_at(other))), None)


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


def _others(item: ChatItem) -> list[int]:
    # PynamoDB's types say that an attribute is always there; null=True says that it needn't be.
    others = cast("list[int | None]", [item.migrated_to, item.migrated_from])
    return [int(other) for other in others if other is not None]


def _blocked_at(chat_id: int) -> datetime | None:
    item = _item(chat_id)
    return item.blocked_at if item else None


def _item(chat_id: int) -> ChatItem | None:
    model = table.chats()
    with translated(f"reading chat {chat_id}"):
        try:
            return model.get(chat_id, consistent_read=True)
        except model.DoesNotExist:
            return None
