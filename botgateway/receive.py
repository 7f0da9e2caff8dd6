"""What comes in from Telegram, by webhook or by polling: one function for both."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from asgiref.sync import sync_to_async
from django.conf import settings

from botgateway import replies, telegram
from botgateway.updates import Command, Ignored, Migrated, Other, PhotoMessage, TooLarge, Update
from detection import chats
from detection.clock import now
from detection.errors import Unavailable
from detection.prediction import prediction_id
from detection.submit import submit_photo

log = logging.getLogger(__name__)


async def handle(update: Update) -> None:
    """Do what the update asks for; doing it twice is harmless.

    Raises Unavailable, TryLater or TokenRefused where the same update should come again, and for nothing else that a chat
    can cause: Telegram holds a chat's other messages back until an update of it is taken.
    """
    if isinstance(update, PhotoMessage | TooLarge) and await _is_blocked(update.chat_id):
        log.info("update ignored: chat %d is blocked", update.chat_id)
        return
    match update:
        case PhotoMessage():
            await _take(update)
        case TooLarge():
            await _say(update.chat_id, replies.TOO_LARGE, reply_to=update.message_id)
        case Command():
            text = replies.command(update.name, source_url=settings.SOURCE_URL, demo_model=settings.DEMO_MODEL)
            await _say(update.chat_id, text, reply_to=None)
        case Other():
            await _say(update.chat_id, replies.HINT, reply_to=update.message_id)
        case Migrated():
            await sync_to_async(chats.migrated, thread_sensitive=False)(update.old_chat_id, update.new_chat_id)
        case Ignored():
            log.info("update ignored: %s", update.reason)


async def _is_blocked(chat_id: int) -> bool:
    """Asked before a photo is fetched. Commands are answered all the same: /help says where the source is, to whoever asks."""
    return await sync_to_async(chats.blocked_since, thread_sensitive=False)(chat_id) is not None


async def _take(message: PhotoMessage) -> None:
    """A photo: fetch and submit it, while the chat sees that the bot is at it."""
    name = prediction_id(message.chat_id, message.message_id)
    log.info("%s received", name)
    action = asyncio.create_task(telegram.show_uploading(message.chat_id))
    try:
        await _submit(message, received_at=now())
    except (Unavailable, telegram.TryLater, telegram.TokenRefused) as failed:
        log.warning("%s deferred: %s", name, failed)
        raise
    except (telegram.Rejected, telegram.Undeliverable) as refused:
        log.info("%s not received: %s", name, refused)
        too_large = "too big" in str(refused).lower()
        await _say(message.chat_id, replies.TOO_LARGE if too_large else replies.NOT_RECEIVED, reply_to=message.message_id)
    finally:
        await action  # ends by itself within three seconds, and raises nothing


async def _submit(message: PhotoMessage, *, received_at: datetime) -> None:
    photo = await telegram.download(message.file_id)
    submit = sync_to_async(submit_photo, thread_sensitive=False)
    await submit(photo, chat_id=message.chat_id, message_id=message.message_id, received_at=received_at)


async def _say(chat_id: int, text: str, *, reply_to: int | None) -> None:
    """Say this in the chat, or where its group moved, if it can be said at all."""
    try:
        try:
            await telegram.send_text(chat_id, text, reply_to=reply_to)
        except telegram.ChatMigrated as moved:
            await sync_to_async(chats.migrated, thread_sensitive=False)(chat_id, moved.new_chat_id)
            await telegram.send_text(moved.new_chat_id, text, reply_to=None)
    except (telegram.Undeliverable, telegram.Rejected, telegram.ChatMigrated) as refused:
        log.info("nothing said in chat %d: %s", chat_id, refused)
    except (telegram.TryLater, telegram.TokenRefused) as failed:
        log.warning("deferred what was to be said in chat %d: %s", chat_id, failed)
        raise
