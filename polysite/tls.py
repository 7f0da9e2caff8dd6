"""Plain http is sent to https, but for what can have no TLS: the inner network, and an operator's tunnel, which SSM encrypts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect
from django.http.request import split_domain_port
from django.utils.decorators import async_only_middleware

from polysite.config import TUNNEL

INNER = "/results"
"""Comes over the inner network: results are signed, and hold an id and no secret."""

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def redirect_to_https(get_response: GetResponse) -> GetResponse:
    """Django's own redirect (SECURE_SSL_REDIRECT) makes exceptions for paths, and none for a host."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        host = request.get_host()  # refuses one that is not allowed
        if request.is_secure() or request.path == INNER or split_domain_port(host)[0] == TUNNEL:
            return await get_response(request)
        return HttpResponsePermanentRedirect(f"https://{host}{request.get_full_path()}")

    return middleware
