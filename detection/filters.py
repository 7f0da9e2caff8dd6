"""Which predictions somebody wants to see: read from a URL's query, written back into one, and asked of a prediction. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from detection.prediction import RIGHT, WRONG, Prediction, Status


class BadFilters(Exception):
    """Every mistake in a query: field → what is wrong with it and what belongs there."""

    def __init__(self, mistakes: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name} {what}" for name, what in mistakes.items()))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """All that is set has to hold. Times are aware; `until` is the first moment that is too late."""

    since: datetime | None = None
    until: datetime | None = None
    chat: int | None = None
    status: Status | None = None
    is_open: bool = False
    labels: tuple[str, ...] = ()  # one of these was found …
    all_labels: bool = False  # … or each of them
    confidence: float | None = None  # of one of these labels (of any, where none is named): at least
    confidence_to: float | None = None  # … and at most; the same detection has to be both
    count: int | None = None  # detections of these labels and this confidence: at least
    count_to: int | None = None  # … and at most; 0 also finds where nothing was found
    model: str | None = None
    verdict: str | None = None
    seconds: float | None = None  # from the photo's arrival to the answer: at least
    seconds_to: float | None = None  # … and at most

    def matches(self, one: Prediction) -> bool:
        """Whether this prediction is wanted."""
        if (self.since and one.created_at < self.since) or (self.until and one.created_at >= self.until):
            return False
        if (self.chat is not None and one.chat_id != self.chat) or (self.status and one.status is not self.status):
            return False
        if (self.is_open and not one.is_open) or (self.model and one.model != self.model):
            return False
        if self.verdict and one.verdict != self.verdict:
            return False
        return self._detections_match(one) and self._was_slow_enough(one)

    def _detections_match(self, one: Prediction) -> bool:
        in_range = [found for found in one.detections if _within(found.confidence, self.confidence, self.confidence_to)]
        meant = [found for found in in_range if not self.labels or found.label in self.labels]
        if (self.count, self.count_to) != (None, None):
            if not (one.is_finished and _within(len(meant), self.count, self.count_to)):
                return False
        elif not meant and (self.labels or (self.confidence, self.confidence_to) != (None, None)):
            return False
        return not self.all_labels or {found.label for found in meant}.issuperset(self.labels)

    def _was_slow_enough(self, one: Prediction) -> bool:
        if (self.seconds, self.seconds_to) == (None, None):
            return True
        return one.seconds is not None and _within(one.seconds, self.seconds, self.seconds_to)


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def parse(query: Mapping[str, str]) -> Filters:
    """The filters in a URL's query; what is empty is not set, and what is no filter's name is left alone. Raises BadFilters.

    >>> parse({"chat": "42", "labels": "dog, cat", "confidence": "60"}).labels
    ('dog', 'cat')
    """
    read: dict[str, Any] = {}
    mistakes: dict[str, str] = {}
    for name, (reader, wanted) in _READERS.items():
        text = query.get(name, "").strip()
        if not text:
            continue
        try:
            read[name] = reader(text)
        except ValueError:
            mistakes[name] = f"is {text!r}, but it must be {wanted}"
    if mistakes:
        raise BadFilters(mistakes)
    return Filters(**read)


def to_query(filters: Filters) -> dict[str, str]:
    """What `parse` reads the same filters from."""
    return {name: write(value) for name, write in _WRITERS.items() if (value := getattr(filters, name)) != getattr(_NONE, name)}


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _chat(text: str) -> int:
    chat = int(text)
    if abs(chat) >= 2**52:  # Telegram's own bound: 52 significant bits
        raise ValueError(text)
    return chat


def _share(text: str) -> float:
    percent = float(text)
    if not 0 <= percent <= 100:
        raise ValueError(text)
    return percent / 100


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 1000:
        raise ValueError(text)
    return count


def _labels(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for piece in text.split(",") if (part := piece.strip())))


def _yes(text: str) -> bool:
    if text not in {"yes", "on"}:
        raise ValueError(text)
    return True


def _verdict(text: str) -> str:
    if text not in {RIGHT, WRONG}:
        raise ValueError(text)
    return text


def _percent(share: float) -> str:
    return _number(share * 100)


def _number(value: float) -> str:
    return f"{value:.10g}"


_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "since": (_time, "a day or a time, such as 2026-11-23 or 2026-11-23T18:00 (UTC)"),
    "until": (_time, "a day or a time, such as 2026-11-24 or 2026-11-23T18:00 (UTC)"),
    "chat": (_chat, "a chat's id, such as 42 or -100123"),
    "status": (Status, "QUEUED, DONE or FAILED"),
    "is_open": (_yes, "yes, or nothing"),
    "labels": (_labels, "names of things, such as dog, cat"),
    "all_labels": (_yes, "yes, or nothing"),
    "confidence": (_share, "a number from 0 to 100, in %"),
    "confidence_to": (_share, "a number from 0 to 100, in %"),
    "count": (_count, "a number of objects, 0 to 1000"),
    "count_to": (_count, "a number of objects, 0 to 1000"),
    "model": (str, "a model's version"),
    "verdict": (_verdict, "right or wrong"),
    "seconds": (_seconds, "a number of seconds"),
    "seconds_to": (_seconds, "a number of seconds"),
}
_WRITERS: dict[str, Callable[[Any], str]] = {
    "since": datetime.isoformat,
    "until": datetime.isoformat,
    "chat": str,
    "status": lambda status: str(status.value),
    "is_open": lambda _: "yes",
    "labels": ", ".join,
    "all_labels": lambda _: "yes",
    "confidence": _percent,
    "confidence_to": _percent,
    "count": str,
    "count_to": str,
    "model": str,
    "verdict": str,
    "seconds": _number,
    "seconds_to": _number,
}
_NONE = Filters()
