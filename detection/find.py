"""What an operator has in hand, an id, a chat or a link to a message, read as what it names. Pure."""

from __future__ import annotations

import re

from detection.prediction import prediction_id

_ID = re.compile(r"-?\d+-\d+(-\d+)?")
_CHAT = re.compile(r"-?\d+")
# https://core.telegram.org/api/links#message-links: of a private supergroup, perhaps of a topic in it, or of a public chat by its name
_PRIVATE = re.compile(r"(?:https?://)?(?:t\.me|telegram\.me)/c/(\d+)/(?:\d+/)?(\d+)(?:\?.*)?")
_PUBLIC = re.compile(r"(?:https?://)?(?:t\.me|telegram\.me)/(\w+)/(?:\d+/)?(\d+)(?:\?.*)?")
_SUPERGROUPS = "-100"  # the Bot API puts this before the number that is in a link


class NotFindable(ValueError):
    """What was given names no prediction and no chat; says what would."""


def meant(text: str) -> str | int:
    """A prediction's id, or a chat's as a number. Raises NotFindable.

    >>> meant("42-7-1"), meant(" -100123 "), meant("https://t.me/c/123/7")
    ('42-7-1', -100123, '-100123-7')
    """
    text = text.strip()
    if _ID.fullmatch(text):
        return text
    if _CHAT.fullmatch(text):
        return int(text)
    if found := _PRIVATE.fullmatch(text):
        return prediction_id(int(_SUPERGROUPS + found[1]), int(found[2]))
    if found := _PUBLIC.fullmatch(text):
        raise NotFindable(f"the link names a chat as {found[1]!r}, and only Telegram knows its number: look for the chat's number instead")
    raise NotFindable(f"{text!r} is neither a prediction's id (42-7), nor a chat's (42), nor a link to a message (https://t.me/c/123/7)")
