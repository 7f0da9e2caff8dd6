"""Webhook delivery: the updates of one chat in order and one at a time, repeated until the bot answers 2xx.

The rules are Telegram's: a failure is repeated at once, then after 2, 4, 8 … seconds, 60 at most, or as `Retry-After` says (an
hour at most); no answer in 60 seconds is a failure; `max_connections` deliveries at a time; an update is given up after 24 hours.
A bot may answer with a method call in the body of its 200.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import httpx

from sandbox.telegram import updates
from sandbox.telegram.feed import Feed
from sandbox.telegram.store import Json, Store
from sandbox.telegram.updates import Update

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105
LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 3600.0
DEFAULT_CONNECTIONS = 40


def pause(attempts: int, *, base: float) -> float:
    """Seconds to wait after this many failed attempts: 0, 2, 4, 8 … 60 with a base of 2."""
    return 0.0 if attempts <= 1 else min(base * 2.0 ** min(attempts - 2, 16), LONGEST_PAUSE)


def client(hook: Json, *, timeout: float) -> httpx.AsyncClient:
    """An HTTP client for a webhook; it trusts the certificate that came with setWebhook, where one did."""
    verify: ssl.SSLContext | bool = True
    if hook.get("certificate"):
        verify = ssl.create_default_context(cadata=hook["certificate"])
    return httpx.AsyncClient(timeout=timeout, verify=verify, trust_env=False)


def headers(secret: str | None) -> dict[str, str]:
    """What Telegram sends along with an update."""
    return {"Content-Type": "application/json"} | ({SECRET_HEADER: secret} if secret else {})


class Courier:
    """Delivers what waits, as long as a webhook is set. `on_call` gets the method calls that a bot puts into its answers."""

    def __init__(self, store: Store, feed: Feed, *, retry_base: float, timeout: float) -> None:
        self._store, self._feed = store, feed
        self._retry_base, self._timeout = retry_base, timeout
        self._client: httpx.AsyncClient | None = None
        self._connections = asyncio.Semaphore(DEFAULT_CONNECTIONS)
        self._chats: dict[int, asyncio.Task[None]] = {}
        self.news = asyncio.Event()
        self.on_call: Callable[[Json], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Begin, or begin anew after the webhook changed: what is under way is broken off and sent again."""
        await self.stop()
        updates.drop_old(self._store)
        hook = self._store.fact("webhook", {})
        if hook:
            self._client = client(hook, timeout=self._timeout)
            self._connections = asyncio.Semaphore(hook.get("max_connections", DEFAULT_CONNECTIONS))
        self.wake()

    async def stop(self) -> None:
        """Break off every delivery, but not the one that asks: a bot may change its webhook in its answer to an update."""
        tasks = [task for task in self._chats.values() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def wake(self) -> None:
        """There is something new: long polls answer, and each chat with waiting updates gets its round."""
        self.news.set()
        self.news = asyncio.Event()
        if self._client is None:
            return
        for chat_id in updates.chats_waiting(self._store):
            if chat_id not in self._chats:
                self._chats[chat_id] = asyncio.create_task(self._round(chat_id))

    async def _round(self, chat_id: int) -> None:
        """Deliver what waits for one chat, in order, until nothing does."""
        try:
            while update := updates.first_waiting(self._store, chat_id):
                await self._until_taken(update)
        except Exception:
            log.exception("delivery to chat %s stopped", chat_id)
        finally:
            del self._chats[chat_id]

    async def _until_taken(self, update: Update) -> None:
        failures = 0
        while updates.first_waiting(self._store, update.chat_id) == update:
            attempts = updates.count_attempt(self._store, update)
            update = updates.find(self._store, update.update_id) or update
            response = await self._attempt(update)
            if response is not None and response.is_success:
                await self._taken(update, response)
                return
            failures += 1
            seconds = self._pause(failures, response)
            log.info("update %s not taken, attempt %s, again in %.1f s", update.update_id, attempts, seconds)
            await asyncio.sleep(seconds)
            updates.drop_old(self._store)

    async def _attempt(self, update: Update) -> httpx.Response | None:
        hook = self._store.fact("webhook", {})
        async with self._connections:
            try:
                async with asyncio.timeout(self._timeout):
                    response = await self._http().post(hook["url"], json=update.body, headers=headers(hook.get("secret_token")))
            except (httpx.HTTPError, TimeoutError) as error:
                self._note_error(describe(error))
                return None
        if not response.is_success:
            self._note_error(f"Wrong response from the webhook: {response.status_code} {response.reason_phrase}".rstrip())
        return response

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            raise RuntimeError("no webhook is set, yet something is delivered")
        return self._client

    async def _taken(self, update: Update, response: httpx.Response) -> None:
        if updates.settle(self._store, update.update_id):
            self._feed.publish("delivered", chat_id=update.chat_id, message_id=update.message_id, update_id=update.update_id)
        call = _call_in(response)
        if call and self.on_call:
            await self.on_call(call)

    def _pause(self, failures: int, response: httpx.Response | None) -> float:
        if response is not None and "retry-after" in response.headers:
            with contextlib.suppress(ValueError):
                return min(max(float(response.headers["retry-after"]), 0.0), LONGEST_RETRY_AFTER)
        return pause(failures, base=self._retry_base)

    def _note_error(self, message: str) -> None:
        self._store.keep("webhook_error", {"last_error_date": int(time.time()), "last_error_message": message})


def describe(error: Exception) -> str:
    """A failure in the words that getWebhookInfo has for it."""
    if "certificate" in str(error):
        return "SSL error {certificate verify failed}"
    if isinstance(error, httpx.ConnectError):
        return "Connection refused"
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "Read timeout expired"
    return "Connection closed"


def _call_in(response: httpx.Response) -> dict[str, Any] | None:
    if response.status_code != HTTPStatus.OK or "json" not in response.headers.get("content-type", ""):
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("method"), str) else None
