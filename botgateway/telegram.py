"""The Bot API: the only place that calls it, and where its errors become ours.

Telegram's URLs contain the bot's token, and so may the exceptions and log lines of the libraries below. So nothing of theirs
gets out of here: each of our errors is raised "from None", with no more of a foreign text than Telegram's own description.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import ssl
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

# Asks python-telegram-bot for RetryAfter's time as a timedelta; otherwise each 429 is a deprecation warning too.
os.environ.setdefault("PTB_TIMEDELTA", "true")

import httpx
from django.conf import settings
from telegram import Bot, ReplyParameters, error
from telegram.constants import ChatAction
from telegram.request import HTTPXRequest

from botgateway.updates import ALLOWED_UPDATES

log = logging.getLogger(__name__)

TOTAL_SECONDS = 45
"""The most that one call, or one answer with all its attempts, may take: less than the lease of a claim, and than the 60 s
that Telegram gives a webhook."""

RETRY_SECONDS = 5
"""When to try again where Telegram doesn't say."""

PHOTO_LIMIT = 10_000_000
"""Bytes of the largest file that sendPhoto takes; larger ones are sent as documents."""

_POLL_SECONDS = 25
_ACTION_SECONDS = 3

# Descriptions of 400s that no other attempt can help. (A 403 is one by its code.)
_GONE = ("chat not found", "user not found", "user is deactivated", "bot was kicked", "group chat was deleted", "peer_id_invalid")

# A 413 has no class of its own in the library. Python calls it by two names.
_TOO_LARGE = re.compile("(entity|content) too large", re.IGNORECASE)

T = TypeVar("T")


class TryLater(Exception):
    """Telegram can't do it now. Trying again after `retry_after` seconds can help."""

    def __init__(self, why: str, *, retry_after: int = RETRY_SECONDS) -> None:
        super().__init__(f"{why}; try again in {retry_after} s")
        self.retry_after = retry_after


class Unheard(TryLater):
    """We did not hear whether Telegram did it: it may have, and then a second try does it twice."""


class TokenRefused(Exception):
    """Telegram doesn't know our token. No chat's fault: nothing can be sent until TELEGRAM_TOKEN is right."""


class Undeliverable(Exception):
    """This chat can't be written to, and never will be: it blocked or removed the bot, or isn't there."""


class Rejected(Exception):
    """Telegram won't do this as it was asked. Asked in another way, it may."""

    @property
    def is_about_rights(self) -> bool:
        """The bot may write to this group, but may not send files there."""
        return "right" in str(self).lower() or "forbidden" in str(self).lower()


class ChatMigrated(Exception):
    """The group became a supergroup; `new_chat_id` is where to write."""

    def __init__(self, new_chat_id: int) -> None:
        super().__init__(f"the group is now {new_chat_id}")
        self.new_chat_id = new_chat_id


@dataclass(frozen=True, slots=True)
class WebhookInfo:
    """What Telegram knows of our webhook; `url` is empty where there is none."""

    url: str
    pending_updates: int
    last_error: str | None


async def download(file_id: str) -> bytes:
    """The bytes of a file. Raises Rejected where Telegram won't give it (too large, unknown), else TryLater or TokenRefused."""
    file = await _call(_bot().get_file(file_id))
    try:
        return bytes(await _call(file.download_as_bytearray()))
    except (TokenRefused, Rejected, Undeliverable):
        # getFile took the token a moment ago, so this is about the link: it has run out, and asking again gives a new one.
        raise TryLater("Telegram's link to the file does not work") from None


async def send_photo(chat_id: int, photo: bytes, *, caption: str, reply_to: int | None) -> None:
    """Send a photo; one that is too large for that, as a document."""
    if len(photo) > PHOTO_LIMIT:
        await send_document(chat_id, photo, caption=caption, reply_to=reply_to)
        return
    await _call(_bot().send_photo(chat_id, photo, caption=caption, reply_parameters=_reply(reply_to)))


async def send_document(chat_id: int, photo: bytes, *, caption: str, reply_to: int | None) -> None:
    """Send a photo as a file."""
    placed = _reply(reply_to)
    await _call(_bot().send_document(chat_id, photo, filename="answer.jpg", caption=caption, reply_parameters=placed))


async def send_text(chat_id: int, text: str, *, reply_to: int | None) -> None:
    """Send a message of text alone."""
    await _call(_bot().send_message(chat_id, text, reply_parameters=_reply(reply_to)))


async def show_uploading(chat_id: int) -> None:
    """Show for five seconds that the bot is at it. What goes wrong with that is nobody's concern."""
    try:
        async with asyncio.timeout(_ACTION_SECONDS):
            await _call(_bot().send_chat_action(chat_id, ChatAction.UPLOAD_PHOTO))
    except (TimeoutError, TryLater, TokenRefused, Undeliverable, Rejected, ChatMigrated) as failed:
        log.debug("no chat action: %s", failed)


async def set_webhook(url: str, *, secret: str, certificate: bytes | None, max_connections: int) -> None:
    """Have updates delivered to this URL with this secret. Not more than once a second: a command's work, not a server's."""
    await _call(
        _bot().set_webhook(
            url,
            certificate=certificate,
            max_connections=max_connections,
            allowed_updates=ALLOWED_UPDATES,
            secret_token=secret,
        )
    )


async def delete_webhook() -> None:
    """Have no updates delivered: they wait, for a day, to be polled."""
    await _call(_bot().delete_webhook())


async def get_webhook_info() -> WebhookInfo:
    """What Telegram knows of our webhook."""
    info = await _call(_bot().get_webhook_info())
    return WebhookInfo(info.url, info.pending_update_count, info.last_error_message)


async def get_updates(offset: int | None) -> list[dict[str, Any]]:
    """The updates from this one on, as JSON; waits for one if there are none. Forgets the ones before it."""
    waiting = _bot().get_updates(offset=offset, timeout=_POLL_SECONDS, allowed_updates=ALLOWED_UPDATES)
    return [update.to_dict() for update in await _call(waiting)]


async def close() -> None:
    """Close this event loop's connections: for commands and tests, which end their loops."""
    if bot := _bots.pop(asyncio.get_running_loop(), None):
        await asyncio.gather(*(request.shutdown() for request in bot._request))  # noqa: SLF001 - shutdown() would need getMe


# A Bot keeps connections, and those die with their event loop: one Bot for each running loop.
_bots: WeakKeyDictionary[asyncio.AbstractEventLoop, Bot] = WeakKeyDictionary()


def _bot() -> Bot:
    """The running loop's Bot. Not initialized: that would call getMe, for a name that nothing here needs."""
    loop = asyncio.get_running_loop()
    if loop not in _bots:
        api = settings.TELEGRAM_API_URL
        _bots[loop] = Bot(
            settings.TELEGRAM_TOKEN,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            request=_requests(),
            get_updates_request=_requests(),
        )
    return _bots[loop]


def _requests() -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=64,
        connect_timeout=5,
        read_timeout=20,
        write_timeout=20,
        media_write_timeout=30,
        pool_timeout=10,
        httpx_kwargs={"verify": _tls()},
    )


@cache
def _tls() -> ssl.SSLContext:
    """Shared, since making one takes longer than a whole update does."""
    return httpx.create_ssl_context()


def _reply(message_id: int | None) -> ReplyParameters | None:
    return ReplyParameters(message_id, allow_sending_without_reply=True) if message_id is not None else None


async def _call(calling: Awaitable[T]) -> T:
    with _translated():
        async with asyncio.timeout(TOTAL_SECONDS):
            return await calling


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the library raises into an error of ours, once and for all."""
    try:
        yield
    except error.TelegramError as foreign:
        raise _ours(foreign) from None
    except TimeoutError:
        raise Unheard(f"no answer of Telegram in {TOTAL_SECONDS} s") from None


def _ours(foreign: error.TelegramError) -> Exception:
    """The error that says whether to try again."""
    if isinstance(foreign, error.RetryAfter):
        return TryLater("Telegram asks for fewer messages", retry_after=_seconds(foreign))
    if isinstance(foreign, error.InvalidToken):
        log.error("alarm: Telegram refuses the bot's token; check TELEGRAM_TOKEN")
        return TokenRefused("Telegram refuses the bot's token; check TELEGRAM_TOKEN")
    if isinstance(foreign, error.ChatMigrated):
        return ChatMigrated(foreign.new_chat_id)
    if isinstance(foreign, (error.Forbidden, error.BadRequest, error.Conflict)) or _TOO_LARGE.search(foreign.message):
        return _refusal(foreign)
    # A 5xx, no connection, no answer in time, or one that isn't Telegram's. Its text may hold a URL.
    return Unheard(f"Telegram did not answer properly ({type(foreign).__name__})")


def _refusal(foreign: error.TelegramError) -> Undeliverable | Rejected:
    """A 403 is about the chat by its code, a 400 by its description."""
    gone = isinstance(foreign, error.Forbidden) or any(sign in foreign.message.lower() for sign in _GONE)
    return Undeliverable(foreign.message) if gone else Rejected(foreign.message)


def _seconds(refused: error.RetryAfter) -> int:
    """Whole seconds, at least one. PTB_TIMEDELTA, which may be set otherwise outside, decides the type."""
    after = refused.retry_after
    return max(1, after if isinstance(after, int) else int(after.total_seconds()))
