"""Telegram's updates, parsed at the door into what we serve. Pure; inside, nobody touches Telegram's JSON.

Whatever doesn't parse is `Ignored` and never an error: Telegram repeats an update that is answered with an error, and holds
back the chat's other messages while it does. Captions and names are not read at all, so that they can't be logged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeGuard

ALLOWED_UPDATES = ("message", "channel_post")
"""What Telegram is asked to send. Edits are not in it: an edited caption would be the same photo again."""

MAX_FILE_SIZE = 20_000_000
"""Bytes of the largest file that Telegram gives to a bot (getFile: "up to 20 MB")."""

_COMMAND = re.compile(r"/([a-z0-9_]+)(?:@\w+)?(?:\s|$)", re.IGNORECASE)


class CommandName(Enum):
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True, kw_only=True)
class _InChat:
    chat_id: int
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoMessage(_InChat):
    """A photo, or an image sent as a file: `file_id` is the largest form of it that a bot may have."""

    file_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge(_InChat):
    """A photo that Telegram would not give to a bot in any size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(_InChat):
    name: CommandName


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(_InChat):
    """Something in a private chat that is neither a photo nor a command of ours: worth a hint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A group became a supergroup and has a new id."""

    old_chat_id: int
    new_chat_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Nothing for us, and why."""

    reason: str


Update = PhotoMessage | TooLarge | Command | Other | Migrated | Ignored


def parse(body: object) -> Update:
    """What an update asks of us. Takes any JSON value, and never raises."""
    if not isinstance(body, Mapping) or not _is_int(body.get("update_id")):
        return Ignored(reason="not an update")
    message = next((body[kind] for kind in ALLOWED_UPDATES if kind in body), None)
    if not isinstance(message, Mapping):
        return Ignored(reason="of a kind that is not served")
    chat, message_id = message.get("chat"), message.get("message_id")
    if not isinstance(chat, Mapping) or not _is_int(chat_id := chat.get("id")) or not _is_int(message_id):
        return Ignored(reason="a message without a chat or an id")
    return _parse_message(message, chat_id, message_id, private=chat.get("type") == "private")


def _parse_message(message: Mapping[str, Any], chat_id: int, message_id: int, *, private: bool) -> Update:
    if _is_int(new_chat_id := message.get("migrate_to_chat_id")):
        return Migrated(old_chat_id=chat_id, new_chat_id=new_chat_id)
    if sizes := _sizes(message):
        fitting = [size for size in sizes if _bytes(size) <= MAX_FILE_SIZE]
        if not fitting:
            return TooLarge(chat_id=chat_id, message_id=message_id)
        # Telegram sends sizes in ascending order: of equals (or unknown ones) the last is the largest.
        return PhotoMessage(chat_id=chat_id, message_id=message_id, file_id=max(reversed(fitting), key=_area)["file_id"])
    if name := _command(message.get("text")):
        return Command(chat_id=chat_id, message_id=message_id, name=name)
    # In a group or a channel people speak to each other: a hint there would be noise.
    if private and _is_from_a_person(message):
        return Other(chat_id=chat_id, message_id=message_id)
    return Ignored(reason="a message that is neither a photo nor a command")


def _sizes(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The forms in which the message's photo can be had: several of a photo, one of an image sent as a file."""
    photo, document = message.get("photo"), message.get("document")
    if isinstance(photo, list):
        return [size for size in photo if _has_file(size)]
    if _has_file(document) and str(document.get("mime_type", "")).startswith("image/"):
        return [document]
    return []


def _command(text: object) -> CommandName | None:
    match = _COMMAND.match(text) if isinstance(text, str) else None
    return next((name for name in CommandName if match and match[1].lower() == name.value), None)


_CONTENT = ("text", "document", "animation", "video", "audio", "voice", "video_note", "sticker", "contact", "location", "poll", "dice")


def _is_from_a_person(message: Mapping[str, Any]) -> bool:
    """Whether the message has content of its own; "X pinned a message" and the like have none."""
    return any(kind in message for kind in _CONTENT)


def _has_file(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and isinstance(value.get("file_id"), str) and value["file_id"] != ""


def _bytes(size: Mapping[str, Any]) -> int:
    """The file's size; 0 where it isn't said (then getFile refuses what is too large)."""
    return size["file_size"] if _is_int(size.get("file_size")) else 0


def _area(size: Mapping[str, Any]) -> int:
    width, height = size.get("width"), size.get("height")
    return width * height if _is_int(width) and _is_int(height) else 0


def _is_int(value: object) -> TypeGuard[int]:
    """A number that can be an id or a size: JSON's have no bound, Telegram's have 52 bits or 63."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
