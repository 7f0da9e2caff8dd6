"""Predictions by page, newest first: through the index that fits the filters, forth and back, and never more than can be paid for.

A page is found by reading an index in the order of time and asking each prediction whether it is wanted. Where that takes too long, the
page says how far back it has looked, and where to look further. A cursor is a place in that order and not a number of rows, so what
arrives meanwhile moves nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any

from detection import config, table
from detection.aws import translated
from detection.clock import now
from detection.filters import Filters
from detection.items import OPEN_SHARDS, day_shards, is_live, to_prediction
from detection.prediction import Prediction
from detection.table import PredictionItem

MOST_READ = 1_000  # items that a page may read
MOST_DAYS = 7  # that it may ask for, each with a query to every shard
_AT_ONCE = 50  # items of one answer of DynamoDB
# What a filter asks of a prediction. Only this is read of those that are looked through, which takes a third of the time; then the
# whole of those that were found.
_ASKED = {
    "status": ("status",),
    "labels": ("detections",),
    "confidence": ("detections",),
    "confidence_to": ("detections",),
    "count": ("detections",),
    "count_to": ("detections",),
    "model": ("model",),
    "verdict": ("verdict",),
    "seconds": ("received_at", "reopened_at", "replied_at"),
    "seconds_to": ("received_at", "reopened_at", "replied_at"),
}
_NO_FILTERS = Filters()
_ALWAYS = ("prediction_id", "chat_id", "created_at", "status", "replied_at", "undeliverable", "erased_at", "expires_at")
_AHEAD = 4 * _AT_ONCE  # that the shards may have read and not yet handed over
_LAST = "~"  # sorts after every id
_FIRST = "older"  # the direction of a page that was asked for without a cursor


class BadCursor(ValueError):
    """No place that a page has named."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the order of all predictions: after (or before) the one with this time and id."""

    at: datetime
    prediction_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """Predictions, newest first, and the cursors of the pages on either side; None where there is nothing more.

    `looked_back_to` is set where the reading came to its bound before the page was full: `older` looks further then.
    """

    predictions: tuple[Prediction, ...]
    newer: str | None = None
    older: str | None = None
    looked_back_to: datetime | None = None


def page(filters: Filters, *, cursor: str | None = None, size: int = 50) -> Page:
    """The page at this cursor, or the newest one. Raises BadCursor, or Unavailable."""
    direction, place = _parsed(cursor) if cursor else (_FIRST, None)
    with translated("listing predictions"):
        found, onward = _found(filters, place, forward=direction == "newer", size=size)
        shown = _whole(found) if _asked(filters) else found
    if direction == "newer":
        if onward is None:
            return page(filters, size=size)  # at the newest there is a whole page to show
        older = _place(found[0]) if found else onward
        return Page(tuple(reversed(shown)), newer=_cursor("newer", onward), older=_cursor("older", older))
    newer = (_place(found[0]) if found else Place(place.at, "")) if place else None
    stopped = onward.at if onward and len(found) < size else None
    return Page(tuple(shown), newer=_cursor("newer", newer), older=_cursor("older", onward), looked_back_to=stopped)


def beside(prediction: Prediction, filters: Filters) -> tuple[str | None, str | None]:
    """The ids of the next newer and the next older one that the filters want; None where there is none within a page's bound."""
    here = _place(prediction)
    with translated("listing predictions"):
        newer, _ = _found(filters, here, forward=True, size=1)
        older, _ = _found(filters, here, forward=False, size=1)
    return (newer[0].prediction_id if newer else None), (older[0].prediction_id if older else None)


def _found(filters: Filters, place: Place | None, *, forward: bool, size: int) -> tuple[list[Prediction], Place | None]:
    """What is wanted from this place on, and the place where it goes on; None at the end."""
    found: list[Prediction] = []
    here = place
    for read, step in enumerate(_steps(filters, place, forward=forward)):
        if isinstance(step, Place):
            return found, step
        if read >= MOST_READ - _AHEAD:
            return found, here
        prediction = to_prediction(step) if is_live(step, now=now()) else None
        if prediction and filters.matches(prediction):
            if len(found) == size:
                return found, here
            found.append(prediction)
        here = Place(step.created_at, step.prediction_id)
    return found, None


def _steps(filters: Filters, place: Place | None, *, forward: bool) -> Iterator[PredictionItem | Place]:
    """The items of the index that has the fewest to read, beyond this place; a Place at last where that is not the end of them."""
    table.predictions()
    bounds = _bounds(filters, place, forward=forward)
    steps: Iterable[PredictionItem | Place]
    if filters.chat is not None:
        steps = _query(PredictionItem.by_chat, filters.chat, bounds, _asked(filters), forward=forward)
    elif filters.is_open:
        steps = _open(bounds, forward=forward)
    else:
        steps = _by_day(bounds, _asked(filters), forward=forward)
    for step in steps:
        if isinstance(step, Place) or place is None or _is_beyond(step, place, forward=forward):
            yield step


def _is_beyond(item: PredictionItem, place: Place, *, forward: bool) -> bool:
    here = Place(item.created_at, item.prediction_id)
    return here > place if forward else here < place


def _bounds(filters: Filters, place: Place | None, *, forward: bool) -> tuple[datetime, datetime]:
    """The first and the last moment that can matter, both included."""
    since, until = now() - timedelta(days=config.shared().retention_days + 1), now() + timedelta(minutes=5)
    if filters.since:
        since = max(since, filters.since)
    if filters.until:
        until = min(until, filters.until)
    if place:
        since, until = (max(since, place.at), until) if forward else (since, min(until, place.at))
    return since, until


def _asked(filters: Filters) -> list[str] | None:
    """The attributes that these filters ask for; None where they look at nothing that the index has not settled."""
    asked = [name for field, names in _ASKED.items() if getattr(filters, field) != getattr(_NO_FILTERS, field) for name in names]
    return sorted({*_ALWAYS, *asked}) if asked else None


def _whole(found: list[Prediction]) -> list[Prediction]:
    """The same with everything that is known of them, but for those that have gone meanwhile."""
    items = {item.prediction_id: item for item in PredictionItem.batch_get([one.prediction_id for one in found])} if found else {}
    there = (items.get(one.prediction_id) for one in found)
    return [to_prediction(item) for item in there if item is not None and is_live(item, now=now())]


def _query(
    index: Any, key: object, bounds: tuple[datetime, datetime], attributes: list[str] | None = None, *, forward: bool
) -> Iterator[PredictionItem]:
    """One partition of an index in our order: what has the same time is ordered by its id."""
    if bounds[0] <= bounds[1]:
        found = index.query(
            key,
            PredictionItem.created_at.between(*bounds),
            scan_index_forward=forward,
            page_size=_AT_ONCE,
            attributes_to_get=attributes,
        )
        for _, same in groupby(found, key=lambda item: item.created_at):
            yield from sorted(same, key=lambda item: str(item.prediction_id), reverse=not forward)


def _merged(streams: Iterable[Iterator[PredictionItem]], *, forward: bool) -> Iterator[PredictionItem]:
    return heapq.merge(*streams, key=lambda item: Place(item.created_at, item.prediction_id), reverse=not forward)


def _by_day(bounds: tuple[datetime, datetime], attributes: list[str] | None, *, forward: bool) -> Iterator[PredictionItem | Place]:
    """All, by the index of days."""
    first, last = bounds[0].date(), bounds[1].date()
    day, step = (bounds[0], timedelta(days=1)) if forward else (bounds[1], timedelta(days=-1))
    for _ in range(MOST_DAYS):
        if not first <= day.date() <= last:
            return
        shards = (_query(PredictionItem.by_day, shard, bounds, attributes, forward=forward) for shard in day_shards(day))
        yield from _merged(shards, forward=forward)
        day += step
    if first <= day.date() <= last:
        begins = day.replace(hour=0, minute=0, second=0, microsecond=0)
        yield Place(begins, "") if forward else Place(begins + timedelta(days=1) - datetime.resolution, _LAST)


def _open(bounds: tuple[datetime, datetime], *, forward: bool) -> Iterator[PredictionItem]:
    """The open ones. Their index has only part of each item."""
    parts = _merged((_query(PredictionItem.open_ones, shard, bounds, forward=forward) for shard in range(OPEN_SHARDS)), forward=forward)
    while names := [part.prediction_id for part in islice(parts, _AT_ONCE)]:
        whole = {item.prediction_id: item for item in PredictionItem.batch_get(names)}
        yield from (whole[name] for name in names if name in whole and whole[name].created_at)


def _place(prediction: Prediction) -> Place:
    return Place(prediction.created_at, prediction.prediction_id)


def _cursor(direction: str, place: Place | None) -> str | None:
    return f"{direction}_{place.at.isoformat()}_{place.prediction_id}" if place else None


def _parsed(cursor: str) -> tuple[str, Place]:
    direction, _, rest = cursor.partition("_")
    time, _, prediction_id = rest.partition("_")
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        at = None
    if direction not in {"older", "newer"} or at is None or at.tzinfo is None:
        raise BadCursor(f"{cursor!r} is no place in the list. Begin at its first page.")
    return direction, Place(at, prediction_id)
