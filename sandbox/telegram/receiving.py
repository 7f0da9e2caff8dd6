"""The Bot API's methods about updates: setWebhook and its kin, and getUpdates."""

import asyncio
import re
import time
from contextlib import suppress
from typing import Any

from sandbox.telegram import updates
from sandbox.telegram.errors import ApiError, bad_request, too_many_requests
from sandbox.telegram.files import Upload
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.store import Json
from sandbox.telegram.webhook import DEFAULT_CONNECTIONS
from sandbox.telegram.world import World

LONGEST_POLL = 50
KINDS = frozenset({
    "message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "inline_query", "chosen_inline_result",
    "my_chat_member", "chat_member", "chat_join_request", "poll", "poll_answer", "pre_checkout_query", "shipping_query",
    "message_reaction", "message_reaction_count", "chat_boost", "removed_chat_boost", "business_connection", "business_message",
    "edited_business_message", "deleted_business_messages", "purchased_paid_media",
})  # fmt: skip


async def set_webhook(world: World, parameters: Parameters) -> tuple[bool, str]:
    """setWebhook: at most once a second. http:// is taken too, since everything here is on one machine."""
    url = parameters.text("url")
    if not url:
        return await delete_webhook(world, parameters)
    _one_a_second(world)
    hook = _hook(url, parameters)
    _allow(world, parameters)
    if parameters.flag("drop_pending_updates"):
        updates.drop_waiting(world.store)
    if hook == world.store.fact("webhook", {}):
        return True, "Webhook is already set"
    world.store.keep("webhook", hook)
    world.store.keep("webhook_error", {})
    await world.courier.start()
    return True, "Webhook was set"


async def delete_webhook(world: World, parameters: Parameters) -> tuple[bool, str]:
    """deleteWebhook."""
    if parameters.flag("drop_pending_updates"):
        updates.drop_waiting(world.store)
    if not world.store.fact("webhook", {}):
        return True, "Webhook is already deleted"
    world.store.keep("webhook", {})
    world.store.keep("webhook_error", {})
    await world.courier.start()
    return True, "Webhook was deleted"


async def get_webhook_info(world: World, _: Parameters) -> Json:
    """getWebhookInfo."""
    hook = world.store.fact("webhook", {})
    info = {"url": hook.get("url", ""), "has_custom_certificate": bool(hook.get("certificate"))}
    info["pending_update_count"] = updates.waiting_count(world.store)
    allowed = world.store.fact("allowed_updates", [])
    if hook:
        info |= {"max_connections": hook["max_connections"], "ip_address": "127.0.0.1", **world.store.fact("webhook_error", {})}
    return info | ({"allowed_updates": allowed} if allowed else {})


async def get_updates(world: World, parameters: Parameters) -> list[Json]:
    """getUpdates: waits for news up to `timeout` seconds; a later call ends an earlier one with 409."""
    if world.store.fact("webhook", {}):
        raise ApiError(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
    _allow(world, parameters)
    _confirm(world, parameters.integer("offset") or 0)
    world.poll += 1
    world.courier.wake()
    return await _poll(world, parameters, world.poll)


async def _poll(world: World, parameters: Parameters, number: int) -> list[Json]:
    limit = min(max(parameters.integer("limit") or 100, 1), 100)
    until = time.monotonic() + min(parameters.integer("timeout") or 0, LONGEST_POLL)
    while True:
        if number != world.poll:
            raise ApiError(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
        found = [update.body for update in updates.waiting(world.store, limit=limit)]
        left = until - time.monotonic()
        if found or left <= 0 or world.feed.closed.is_set():
            return found
        with suppress(TimeoutError):
            await asyncio.wait_for(world.courier.news.wait(), left)


def _confirm(world: World, offset: int) -> None:
    waiting = updates.waiting(world.store)
    # A negative offset counts from the end, and forgets what is before.
    first = waiting[offset].update_id if offset < 0 and -offset <= len(waiting) else offset
    for update in waiting:
        if update.update_id < first and updates.settle(world.store, update.update_id):
            ids: dict[str, Any] = {"chat_id": update.chat_id, "message_id": update.message_id, "update_id": update.update_id}
            world.feed.publish("delivered", **ids)


def _one_a_second(world: World) -> None:
    if time.monotonic() < world.next_webhook_change:
        raise too_many_requests(1)
    world.next_webhook_change = time.monotonic() + 1.0


def _hook(url: str, parameters: Parameters) -> Json:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
        raise bad_request("bad webhook: invalid webhook URL specified")
    secret = parameters.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    connections = parameters.integer("max_connections") or DEFAULT_CONNECTIONS
    return {"url": url, "secret_token": secret, "max_connections": min(max(connections, 1), 100), "certificate": _certificate(parameters)}


def _certificate(parameters: Parameters) -> str:
    given = parameters.file("certificate")
    if given is None:
        return ""
    text = given.data.decode("ascii", "replace") if isinstance(given, Upload) else ""
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise bad_request("bad webhook: certificate must be an uploaded PEM file")
    return text


def _allow(world: World, parameters: Parameters) -> None:
    # Not given: the setting stays. An empty list: Telegram's default again.
    allowed = parameters.structure("allowed_updates")
    if isinstance(allowed, list):
        world.store.keep("allowed_updates", [kind for kind in allowed if kind in KINDS])
