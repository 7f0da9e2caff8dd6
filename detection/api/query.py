"""What a query may hold: read strictly, so that no mistake in it quietly gives other rows; and described for the document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from detection.dashboard import RANGES
from detection.filters import BadFilters
from detection.prediction import RIGHT, WRONG, Status

Parameters = Mapping[str, tuple[dict[str, Any], str]]

CURSOR = "cursor"
_MOST_OF_A_CHAT_ID = 2**52 - 1
_MOMENT: dict[str, Any] = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
_YES: dict[str, Any] = {"type": "string", "enum": ["yes", "on"]}
_PERCENT: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 100}
_SECONDS: dict[str, Any] = {"type": "number", "minimum": 0}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 1000}
_WORD: dict[str, Any] = {"type": "string", "pattern": r"\S"}

# Name → its JSON Schema, and what it asks for. A test holds the names to those of detection.filters.Filters.
FILTERS: Parameters = {
    "since": (_MOMENT, "Made at this time or later. A day begins at 0:00 UTC, as does a time without its zone."),
    "until": (_MOMENT, "Made before this time."),
    "chat": ({"type": "integer", "minimum": -_MOST_OF_A_CHAT_ID, "maximum": _MOST_OF_A_CHAT_ID}, "Of this chat."),
    "status": ({"type": "string", "enum": [status.value for status in Status]}, "Of this status."),
    "is_open": (_YES, "Still waited for: not replied to, and not undeliverable."),
    "labels": ({"type": "string", "pattern": r"[^\s,]"}, "One of these was found, such as `dog, cat`."),
    "all_labels": (_YES, "Each of `labels` was found."),
    "confidence": (_PERCENT, "One of `labels` (of anything, where none is named) was found with this confidence at least, in %."),
    "confidence_to": (_PERCENT, "… and at most; the same detection has to be both."),
    "count": (_COUNT, "So many detections of these labels and this confidence at least."),
    "count_to": (_COUNT, "… and at most; 0 also finds where nothing was found."),
    "model": (_WORD, "Looked at by this version of the model."),
    "verdict": ({"type": "string", "enum": [RIGHT, WRONG]}, "A person said so of the answer."),
    "seconds": (_SECONDS, "From the photo's arrival to the answer it took at least so long."),
    "seconds_to": (_SECONDS, "… and at most."),
}
LIST: Parameters = {
    **FILTERS,
    CURSOR: (
        {"type": "string", "format": "cursor"},
        "A place in the list, out of a page's `newer` or `older`: take these links as they are.",
    ),
}
RANGE: Parameters = {
    "range": ({"type": "string", "enum": list(RANGES), "default": "day"}, "How far back: its hours, and the one that runs.")
}


def strict(query: QueryDict, known: Parameters) -> dict[str, str]:
    """Each parameter's one value. Raises BadFilters for one that is unknown, empty, given twice, or not of those that it may be."""
    asked = {name: [str(value) for value in values] for name, values in query.lists()}
    if mistakes := {name: mistake for name, values in asked.items() if (mistake := _mistake(name, values, known))}:
        raise BadFilters(mistakes)
    return {name: value for name, (value,) in asked.items()}


def _mistake(name: str, values: list[str], known: Parameters) -> str:
    if name not in known:
        return f"is unknown here. There are {', '.join(known)}"
    if len(values) > 1:
        return "is given more than once, but must be given once"
    schema, _ = known[name]
    if not re.search(schema.get("pattern", r"\S"), values[0]):
        return "is empty: give it a value, or leave it out"
    if values[0] not in schema.get("enum", values):
        return f"is {values[0]!r}, but it must be one of {', '.join(schema['enum'])}"
    return ""


def described(known: Parameters) -> list[OpenApiParameter]:
    """The parameters, for the document."""
    return [OpenApiParameter(name, schema, description=about) for name, (schema, about) in known.items()]
