"""One prediction: its photo with boxes, the time of each stage, what was found, and all else that is known of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse

from detection import listing, photos, predictions
from detection.admin import audit
from detection.admin.pages import VIEW, VIEW_PHOTO, Page, may, render
from detection.admin.pictures import pictures
from detection.filters import BadFilters, Filters, parse, to_query
from detection.prediction import Prediction
from detection.reruns import runs_of

_OTHERS = 12  # of the chat's predictions
_STAGES = ("received_at", "stored_at", "created_at", "queued_at", "started_at", "detected_at", "saved_at", "finished_at", "replied_at")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that was reached: seconds since the photo was received, and of the bar from `x` on the `width` that led to it, in %."""

    name: str
    at: datetime
    since_received: float
    took: float
    x: float
    width: float


def one(request: HttpRequest, prediction_id: str) -> HttpResponse:
    """All of one prediction. The query's filters, those of the list that it was opened from, say which are its neighbours."""
    prediction = predictions.get(prediction_id)
    if prediction is None:
        raise Http404(f"there is no prediction {prediction_id}: never made, erased, or expired")
    filters = _filters(request)
    with_photo = may(request, VIEW_PHOTO)
    if with_photo:
        audit.photos_viewed(request, [prediction_id])
    newer, older = listing.beside(prediction, filters)
    (picture,) = pictures([prediction], with_photos=with_photo)
    return render(
        request,
        "prediction.html",
        prediction_id,
        photos_from=photos.origin() if with_photo else None,
        prediction=prediction,
        picture=picture,
        annotated=photos.link(prediction.annotated_key) if with_photo and prediction.annotated_key else None,
        stages=stages(prediction),
        rows=_rows(prediction),
        raw=json.dumps(predictions.raw(prediction_id), indent=2, sort_keys=True, default=str),
        runs=[run for run in runs_of(prediction_id) if run.prediction_id != prediction_id],
        others=[
            other
            for other in predictions.of_chat(prediction.chat_id, limit=_OTHERS + 1)
            if (other.chat_id, other.message_id) != (prediction.chat_id, prediction.message_id)
        ][:_OTHERS],
        newer=newer,
        older=older,
        wanted=urlencode(to_query(filters)),
    )


def stages(prediction: Prediction) -> list[Stage]:
    """Those that were reached, in the order of their times."""
    reached = [(name.removesuffix("_at"), at) for name in _STAGES if (at := getattr(prediction, name))]
    reached.sort(key=lambda stage: stage[1])
    begin, end = reached[0][1], reached[-1][1]
    whole = (end - begin).total_seconds() or 1.0
    found = [Stage(reached[0][0], begin, 0.0, 0.0, 0.0, 0.0)]
    for (_, before), (name, at) in pairwise(reached):
        since, took = (at - begin).total_seconds(), (at - before).total_seconds()
        found.append(Stage(name, at, since, took, round(100 * (since - took) / whole, 3), round(100 * took / whole, 3)))
    return found


def _filters(request: HttpRequest) -> Filters:
    """Of a list's address. What can't be read there was put in by hand, and no neighbour depends on it."""
    try:
        return parse(request.GET.dict())
    except BadFilters:
        return Filters()


def _rows(prediction: Prediction) -> list[tuple[str, Any]]:
    rows = [(field.name, getattr(prediction, field.name)) for field in fields(prediction)]
    shown = [(name, value) for name, value in rows if value is not None and not name.endswith("_at") and name != "detections"]
    return [(name.replace("_", " "), value.value if isinstance(value, Enum) else value) for name, value in shown]


PAGES = (Page("predictions/<str:prediction_id>/", "prediction", one, VIEW),)
