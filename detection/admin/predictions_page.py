"""Predictions in Django's admin: listed and filtered, and each with the time of every stage. Never a scan of the table."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse

from detection import listing, predictions
from detection.admin.pages import VIEW, Page, render
from detection.filters import BadFilters, parse, to_query
from detection.listing import BadCursor
from detection.prediction import Prediction, Status


def listed(request: HttpRequest) -> HttpResponse:
    """Those that the query's filters want, newest first."""
    content = _listed(request.GET.dict())
    return render(request, "predictions.html", "Predictions", status=400 if content.get("mistakes") else 200, **content)


def one(request: HttpRequest, prediction_id: str) -> HttpResponse:
    """One prediction, field by field."""
    return render(request, "prediction.html", prediction_id, **_one(prediction_id))


PAGES = (
    Page("predictions/", "predictions", listed, VIEW),
    Page("predictions/<str:prediction_id>/", "prediction", one, VIEW),
)


def _listed(query: dict[str, str]) -> dict[str, Any]:
    """What the page shows: rows, where it goes on, and the form as it was filled in, with what is wrong in it."""
    form: dict[str, Any] = {"query": query, "statuses": [status.value for status in Status]}
    try:
        filters = parse(query)
        page = listing.page(filters, cursor=query.get("cursor"))
    except BadFilters as bad:
        return form | {"mistakes": [f"{name} {what}" for name, what in bad.mistakes.items()]}
    except BadCursor as bad:
        return form | {"mistakes": [str(bad)]}
    kept = to_query(filters)
    links = {side: "?" + urlencode(kept | {"cursor": cursor}) for side in ("newer", "older") if (cursor := getattr(page, side))}
    return form | {"page": page, "links": links, "first": "?" + urlencode(kept) if "cursor" in query else ""}


def _one(prediction_id: str) -> dict[str, Any]:
    prediction = predictions.get(prediction_id)
    if prediction is None:
        raise Http404(f"there is no prediction {prediction_id}: never made, erased, or expired")
    return {"prediction": prediction, "stages": _stages(prediction), "rows": _rows(prediction)}


def _stages(prediction: Prediction) -> list[tuple[str, datetime, float]]:
    """Each stage that was reached: its name, its time, and the seconds since the photo was received."""
    times = [
        (field.name.removesuffix("_at"), getattr(prediction, field.name)) for field in fields(prediction) if field.name.endswith("_at")
    ]
    reached = sorted(((name, at) for name, at in times if at), key=lambda stage: stage[1])
    return [(name, at, (at - prediction.received_at).total_seconds()) for name, at in reached]


def _rows(prediction: Prediction) -> list[tuple[str, object]]:
    rows = [(field.name, getattr(prediction, field.name)) for field in fields(prediction)]
    shown = [(name, value) for name, value in rows if value is not None and not name.endswith("_at") and name != "detections"]
    return [(name.replace("_", " "), value.value if isinstance(value, Enum) else value) for name, value in shown]
