"""A finished prediction's answer, from the claim to `replied_at`. Each step has its log line.

Better twice than never: an answer goes out twice where Telegram took it and we did not hear so, where noting `replied_at`
failed after that, or where a process slept past its claim. Each is counted: `unheard` (whether Telegram took it or not),
`unrecorded`, `repeated`; the last two are logged as `42-7 unrecorded` and `42-7 repeated`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from datetime import timedelta

from asgiref.sync import async_to_sync, sync_to_async

from botgateway import replies, telegram
from detection import chats, counters, photos, predictions
from detection.clock import now
from detection.errors import PhotoMissing, Unavailable
from detection.prediction import Prediction
from detection.predictions import Claim

log = logging.getLogger(__name__)

QUEUE_DELAY = 900
"""Seconds that SQS can hold a message back. What Telegram wants to wait longer is noted with the chat."""

_PREDICTION_ID = re.compile(r"-?[0-9]+-[0-9]+(-[0-9]+)?")


def answer(prediction_id: str) -> None:
    """Claim it, send it, note it. Returns when there is nothing more to do.

    Raises NotFound, AlreadyReplied, NotFinished and Claimed as `predictions.claim` does; Unavailable, TryLater and
    TokenRefused after giving the claim back: later it may work.
    """
    if not _PREDICTION_ID.fullmatch(prediction_id):
        raise predictions.NotFound(prediction_id)
    held = predictions.claim(prediction_id)
    log.info("%s claimed", prediction_id)
    try:
        _deliver(held)
    except (Unavailable, telegram.TryLater, telegram.TokenRefused) as failed:
        log.warning("%s deferred: %s", prediction_id, failed)
        predictions.release(held)
        raise


def _deliver(held: Claim) -> None:
    prediction = held.prediction
    claimed_at = time.monotonic()
    chat_id = chats.current_id(prediction.chat_id)
    _await_turn(chat_id)
    try:
        photo = _annotated(prediction)
        # What S3 took of the time is gone: the claim holds for a minute, however it is spent.
        left = telegram.TOTAL_SECONDS - (time.monotonic() - claimed_at)
        async_to_sync(_send)(prediction, photo, chat_id=chat_id, seconds=left)
    except (telegram.Undeliverable, telegram.Rejected, telegram.ChatMigrated) as refused:
        log.info("%s undeliverable: %s", prediction.prediction_id, refused)
        predictions.mark_undeliverable(held, str(refused))
    except telegram.Unheard:
        counters.note("unheard")
        raise
    except telegram.TryLater as refused:
        if refused.retry_after > QUEUE_DELAY:
            chats.defer(chat_id, now() + timedelta(seconds=refused.retry_after))
        raise
    else:
        log.info("%s sent", prediction.prediction_id)
        _note_reply(held)


def _await_turn(chat_id: int) -> None:
    """Raise TryLater while Telegram wants this chat to be left alone, without asking it."""
    until = chats.not_before(chat_id)
    if until is not None and (wait := (until - now()).total_seconds()) > 0:
        raise telegram.TryLater("Telegram asked us to leave this chat alone", retry_after=int(wait) + 1)


def _annotated(prediction: Prediction) -> bytes | None:
    """The annotated photo; None where there is none to send."""
    if prediction.annotated_key is None:
        return None
    try:
        return photos.get(prediction.annotated_key)
    except PhotoMissing:
        return None


def _note_reply(held: Claim) -> None:
    name = held.prediction.prediction_id
    try:
        first = predictions.mark_replied(held)
    except Unavailable:
        counters.note("unrecorded")
        log.warning("%s unrecorded: the chat has its answer, and may get it again", name)
        raise
    if first:
        log.info("%s replied", name)
    else:
        counters.note("repeated")
        log.warning("%s repeated: another process answered too, or it was erased meanwhile", name)


async def _send(prediction: Prediction, photo: bytes | None, *, chat_id: int, seconds: float) -> None:
    """Send the answer, to where the group moved if it did; all attempts together within this time."""
    try:
        async with asyncio.timeout(seconds):
            # Message ids don't carry over into a supergroup.
            reply_to = prediction.message_id if chat_id == prediction.chat_id else None
            try:
                await _send_somehow(replies.answer(prediction), photo, chat_id=chat_id, reply_to=reply_to)
            except telegram.ChatMigrated as moved:
                log.info("%s moved: its group is now %d", prediction.prediction_id, moved.new_chat_id)
                await sync_to_async(chats.migrated, thread_sensitive=False)(chat_id, moved.new_chat_id)
                await _send_somehow(replies.answer(prediction), photo, chat_id=moved.new_chat_id, reply_to=None)
    except TimeoutError:
        raise telegram.Unheard(f"the answer was not sent in {seconds:.0f} s") from None


async def _send_somehow(text: str, photo: bytes | None, *, chat_id: int, reply_to: int | None) -> None:
    """Send it as it should be or, where Telegram rejects that, once more in the plainest form."""
    try:
        if photo is None:
            await telegram.send_text(chat_id, text, reply_to=reply_to)
        else:
            await telegram.send_photo(chat_id, photo, caption=text, reply_to=reply_to)
    except telegram.Rejected as refused:
        log.info("chat %d: once more, since Telegram said: %s", chat_id, refused)
        if photo is None or refused.is_about_rights:
            await telegram.send_text(chat_id, text, reply_to=None)
        else:
            await telegram.send_document(chat_id, photo, caption=text, reply_to=None)
