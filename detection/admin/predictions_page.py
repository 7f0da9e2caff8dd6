"""The list of predictions: photos with their boxes, or a table; filtered, by page, and with a box to find one by what names it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from detection import listing, photos, predictions
from detection.admin import audit
from detection.admin.pages import VIEW, VIEW_PHOTO, Page, may, render
from detection.admin.pictures import pictures
from detection.colours import POSITIONS
from detection.filters import BadFilters, Filters, parse, to_query
from detection.find import NotFindable, meant
from detection.listing import BadCursor
from detection.prediction import Status

_PAGE = 48  # photos: whole rows of 2, 3, 4, 6 or 8
VIEWS = ("photos", "table")


def listed(request: HttpRequest) -> HttpResponse:
    """Those that the query's filters want, newest first."""
    query = request.GET.dict()
    view = query.get("view") if query.get("view") in VIEWS else VIEWS[0]
    form: dict[str, Any] = {"query": query, "view": view, "statuses": [status.value for status in Status], "labels": sorted(POSITIONS)}
    try:
        filters = parse(query)
        page = listing.page(filters, cursor=query.get("cursor"), size=_PAGE)
    except (BadFilters, BadCursor) as bad:
        mistakes = [f"{name} {what}" for name, what in bad.mistakes.items()] if isinstance(bad, BadFilters) else [str(bad)]
        return render(request, "predictions.html", "Predictions", status=400, mistakes=mistakes, **form)
    with_photos = view == "photos" and may(request, VIEW_PHOTO)
    if with_photos:
        audit.photos_viewed(request, [one.prediction_id for one in page.predictions])
    return render(
        request,
        "predictions.html",
        "Predictions",
        photos_from=photos.origin() if with_photos else None,
        page=page,
        pictures=pictures(page.predictions, with_photos=with_photos),
        **form | _addresses(filters, page, view=view, cursor=query.get("cursor")),
    )


def find(request: HttpRequest) -> HttpResponse:
    """To the prediction or to the chat that `q` names; back to the list, with a word, where it names nothing."""
    text = request.GET.get("q", "")
    try:
        found = meant(text)
    except NotFindable as wrong:
        messages.error(request, str(wrong))
        return redirect("admin:predictions")
    if isinstance(found, int):
        return redirect(f"{reverse('admin:predictions')}?{urlencode({'chat': found})}")
    if predictions.get(found) is None:
        messages.error(request, f"There is no prediction {found}: never made, erased, or expired.")
        return redirect("admin:predictions")
    return redirect("admin:prediction", found)


def _addresses(filters: Filters, page: listing.Page, *, view: str | None, cursor: str | None) -> dict[str, Any]:
    """The queries of what this page links to. What is shown, and how, stays; the place changes."""
    wanted = to_query(filters)
    kept = wanted | ({"view": view} if view == "table" else {})
    links = {side: "?" + urlencode(kept | {"cursor": at}) for side in ("newer", "older") if (at := getattr(page, side))}
    here = wanted | ({"cursor": cursor} if cursor else {})
    views = {name: "?" + urlencode(here | ({"view": name} if name == "table" else {})) for name in VIEWS}
    times = {name: at.strftime("%Y-%m-%dT%H:%M") for name in ("since", "until") if (at := getattr(filters, name))}
    return {
        "links": links,
        "views": views,
        "times": times,
        "first": "?" + urlencode(kept) if cursor else "",
        "wanted": urlencode(wanted),
        "is_filtered": bool(wanted),
    }


PAGES = (
    Page("predictions/", "predictions", listed, VIEW),
    Page("find/", "find", find, VIEW),
)
