"""Export of what the list's filters want, with the photos: what would be in it, and the ZIP, sent while it is made."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import BadRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_http_methods

from detection import listing
from detection.admin import audit
from detection.admin.pages import EXPORT, Page, render
from detection.clock import now
from detection.export import Tally, export, filters_text
from detection.export_formats import FORMATS
from detection.filters import BadFilters, Filters, parse
from detection.prediction import Status

log = logging.getLogger(__name__)

COUNTED = 1_000  # predictions that are counted beforehand, at most


@require_http_methods(["GET", "POST"])
def exported(request: HttpRequest) -> HttpResponseBase:
    """GET tells what the filters in the query would export; POST sends it, in the `format` of the form."""
    try:
        filters = parse(request.GET.dict())
    except BadFilters as bad:
        mistakes = [f"{name} {what}" for name, what in bad.mistakes.items()]
        return render(request, "export.html", "Export", status=400, mistakes=mistakes)
    if request.method == "POST":
        return _sent(request, filters)
    page = listing.page(filters, size=COUNTED)
    content: dict[str, Any] = {"count": sum(one.status is Status.DONE for one in page.predictions), "is_all": page.older is None}
    content["counted_to"] = page.looked_back_to or (page.predictions[-1].created_at if page.predictions else None)
    return render(request, "export.html", "Export", about=filters_text(filters), **content)


PAGES = (Page("export/", "export", exported, EXPORT),)


def _sent(request: HttpRequest, filters: Filters) -> HttpResponseBase:
    kind, tally = request.POST.get("format", ""), Tally()
    if kind not in FORMATS:
        raise BadRequest(f"{kind!r} is no format: it must be one of {', '.join(FORMATS)}")
    # Written before the first photo leaves, and completed at the end: also one that is broken off is in the log.
    entry = audit.note(request, "export", _account("began the export", kind, tally, filters))

    def over(ended: str) -> None:
        entry.change_message = _account(ended, kind, tally, filters)
        entry.save(update_fields=["change_message"])
        log.info("%s", entry.change_message)

    answer = StreamingHttpResponse(_Sent(export(filters, kind, tally), over), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="predictions-{kind}-{now():%Y-%m-%d-%H%M}.zip"'
    return answer


class _Sent:
    """The pieces, each made in a thread while the site goes on with other requests: it serves them from one event loop.

    `over` is told once how it ended. What is raised on the way cuts the answer off, so that the browser sees a broken download and not
    a small one.
    """

    def __init__(self, pieces: Iterator[bytes], over: Callable[[str], None]) -> None:
        self._pieces = pieces
        self._over = over
        self._ended = False

    def __aiter__(self) -> _Sent:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await asyncio.to_thread(next, self._pieces, None)
        except Exception:
            await sync_to_async(self.close)()
            raise
        if piece is None:
            await sync_to_async(self._end)("exported")
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Called by Django when the answer is over, also where the client has hung up."""
        self._end("broke off the export")

    def _end(self, how: str) -> None:
        if not self._ended:
            self._ended = True
            self._over(how)


def _account(what: str, kind: str, tally: Tally, filters: Filters) -> str:
    return f"{what} as {kind}; photos: {tally.photos}; filters: {filters_text(filters)}; left out: {tally.left_out_text()}"
