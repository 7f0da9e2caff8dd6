"""What a query of the list may hold: read strictly, so that no mistake in it quietly gives other rows; and described for the document."""

from __future__ import annotations

import re
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from detection.filters import BadFilters
from detection.prediction import RIGHT, WRONG, Status

CURSOR = "cursor"
_MOST_OF_A_CHAT_ID = 2**52 - 1
_MOMENT: dict[str, Any] = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
_YES: dict[str, Any] = {"type": "string", "enum": ["yes", "on"]}
_PERCENT: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 100}
_SECONDS: dict[str, Any] = {"type": "number", "minimum": 0}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 1000}
_WORD: dict[str, Any] = {"type": "string", "pattern": r"\S"}

# Name → its JSON Schema, and what it asks for. A test holds the names to those of detection.filters.Filters.
FILTERS: dict[str, tuple[dict[str, Any], str]] = {
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
_CURSOR = {"type": "string", "format": "cursor"}, "A place in the list, out of a page's `newer` or `older`: take these links as they are."


def strict(query: QueryDict) -> dict[str, str]:
    """Each parameter's one value. Raises BadFilters for one that is unknown, empty, or given twice."""
    mistakes = {}
    asked = [(name, [str(value) for value in values]) for name, values in query.lists()]
    for name, values in asked:
        if name not in FILTERS and name != CURSOR:
            mistakes[name] = f"is no filter. There are {', '.join(FILTERS)}"
        elif len(values) > 1:
            mistakes[name] = "is given more than once, but must be given once"
        elif not re.search(FILTERS.get(name, _CURSOR)[0].get("pattern", r"\S"), values[0]):
            mistakes[name] = "is empty: give it a value, or leave it out"
    if mistakes:
        raise BadFilters(mistakes)
    return {name: values[0] for name, values in asked}


def described() -> list[OpenApiParameter]:
    """The parameters, for the document."""
    known = {**FILTERS, CURSOR: _CURSOR}
    return [OpenApiParameter(name, schema, description=about) for name, (schema, about) in known.items()]
