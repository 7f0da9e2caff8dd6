"""Deliveries that a test orders beside the ordinary ones: again, twice at the same moment, to other processes, with a wrong secret."""

import asyncio

import httpx

from sandbox.telegram.errors import bad_request
from sandbox.telegram.store import Json, Store
from sandbox.telegram.webhook import client, describe, headers

TIMEOUT = 60.0


async def deliver_copies(store: Store, body: str, order: Json) -> list[Json]:
    """POST a body `times` × `urls` times at the same moment; the answers. Raises ApiError 400 where there is no URL to send to."""
    hook = store.fact("webhook", {})
    urls = list(order.get("urls") or ([hook["url"]] if hook else [])) * int(order.get("times", 1))
    if not urls:
        raise bad_request("no webhook is set, and no urls were given")
    secret = order["secret"] if "secret" in order else hook.get("secret_token")
    async with client(hook, timeout=TIMEOUT) as http:
        return list(await asyncio.gather(*(_answer(http, url, body, secret) for url in urls)))


async def _answer(http: httpx.AsyncClient, url: str, body: str, secret: str | None) -> Json:
    try:
        response = await http.post(url, content=body.encode(), headers=headers(secret))
    except httpx.HTTPError as error:
        return {"url": url, "status": None, "error": describe(error)}
    return {"url": url, "status": response.status_code, "body": response.text, "headers": dict(response.headers)}
