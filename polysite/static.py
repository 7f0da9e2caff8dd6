"""The few files of the admin's pages, for a few operators."""

from __future__ import annotations

from contextlib import closing

from django.contrib.staticfiles.views import serve
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase


def static(request: HttpRequest, path: str) -> HttpResponseBase:
    """A style, a script or a picture that an installed app brings; 404 for anything else."""
    found = serve(request, path, insecure=True)  # `insecure` only means: not for a public site's traffic
    if not isinstance(found, FileResponse):
        return found  # 304: the browser has it
    # Whole, because it is small: under ASGI Django would read a streamed one whole too, and warn of it each time.
    with closing(found):
        kept = {name: found[name] for name in ("Content-Type", "Last-Modified") if name in found}
        return HttpResponse(found.getvalue(), headers=kept | {"Cache-Control": "max-age=300"})
