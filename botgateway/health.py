"""/healthz (the process answers) and /readyz (so do the AWS services behind it), whatever the Host header says.

A middleware and not views, since a load balancer asks by address, and Django refuses hosts that it doesn't know.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.decorators import async_only_middleware

from detection import aws, config, predictions
from detection.errors import Unavailable

log = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
"""For how long an answer of /readyz holds: however often it is asked, AWS is asked this seldom."""
PATIENCE_SECONDS = 2.0

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def health(get_response: GetResponse) -> GetResponse:
    """Answer the two health checks; everything else goes on."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return HttpResponse("alive\n", content_type="text/plain")
        if request.path == "/readyz":
            state = await readiness()
            return JsonResponse(state, status=200 if all(state.values()) else 503)
        return await get_response(request)

    return middleware


_last: tuple[float, dict[str, bool]] = (float("-inf"), {})


async def readiness() -> dict[str, bool]:
    """Service → whether it answers within PATIENCE_SECONDS, asked at most every FRESH_SECONDS."""
    global _last  # noqa: PLW0603 - the one thing remembered here
    at, state = _last
    if time.monotonic() - at >= FRESH_SECONDS:
        answers = await asyncio.gather(*(_answers(name) for name in _CHECKS))
        state = dict(zip(_CHECKS, answers, strict=True))
        _last = (time.monotonic(), state)
    return state


async def _answers(service: str) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await sync_to_async(_CHECKS[service], thread_sensitive=False)()
    except (Unavailable, TimeoutError) as failed:
        log.warning("not ready: %s: %s", service, str(failed) or "no answer in time")
        return False
    return True


def _s3() -> None:
    with aws.translated("checking the bucket"):
        aws.s3().head_bucket(Bucket=config.shared().photos_bucket)


def _dynamodb() -> None:
    predictions.get("readyz")


def _sqs() -> None:
    with aws.translated("checking the queue"):
        url = str(config.shared().photos_queue_url)
        aws.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])


_CHECKS: dict[str, Callable[[], None]] = {"s3": _s3, "dynamodb": _dynamodb, "sqs": _sqs}
