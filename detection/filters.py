"""Which predictions somebody wants to see: read from a URL's query, written back into one, and asked of a prediction. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from detection.prediction import Prediction, Status


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
    model: str | None = None
    seconds: float | None = None  # from the photo's arrival to the answer: at least

    def matches(self, one: Prediction) -> bool:
        """Whether this prediction is wanted."""
        if (self.since and one.created_at < self.since) or (self.until and one.created_at >= self.until):
            return False
        if (self.chat is not None and one.chat_id != self.chat) or (self.status and one.status is not self.status):
            return False
        if (self.is_open and not one.is_open) or (self.model and one.model != self.model):
            return False
        return self._detections_match(one) and self._was_slow_enough(one)

    def _detections_match(self, one: Prediction) -> bool:
        sure = {found.label for found in one.detections if self.confidence is None or found.confidence >= self.confidence}
        if not self.labels:
            return self.confidence is None or bool(sure)
        return sure.issuperset(self.labels) if self.all_labels else not sure.isdisjoint(self.labels)

    def _was_slow_enough(self, one: Prediction) -> bool:
        if self.seconds is None:
            return True
        return one.replied_at is not None and (one.replied_at - one.received_at).total_seconds() >= self.seconds


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
    written = {name: write(value) for name, write in _WRITERS.items() if (value := getattr(filters, name)) not in (None, False, ())}
    return {name: text for name, text in written.items() if text}


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


def _labels(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for piece in text.split(",") if (part := piece.strip())))


def _yes(text: str) -> bool:
    if text not in {"yes", "on"}:
        raise ValueError(text)
    return True


_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "since": (_time, "a day or a time, such as 2026-11-23 or 2026-11-23T18:00 (UTC)"),
    "until": (_time, "a day or a time, such as 2026-11-24 or 2026-11-23T18:00 (UTC)"),
    "chat": (_chat, "a chat's id, such as 42 or -100123"),
    "status": (Status, "QUEUED, DONE or FAILED"),
    "is_open": (_yes, "yes, or nothing"),
    "labels": (_labels, "names of things, such as dog, cat"),
    "all_labels": (_yes, "yes, or nothing"),
    "confidence": (_share, "a number from 0 to 100, in %"),
    "model": (str, "a model's version"),
    "seconds": (_seconds, "a number of seconds"),
}
_WRITERS: dict[str, Callable[[Any], str]] = {
    "since": datetime.isoformat,
    "until": datetime.isoformat,
    "chat": str,
    "status": lambda status: str(status.value),
    "is_open": lambda _: "yes",
    "labels": ", ".join,
    "all_labels": lambda _: "yes",
    "confidence": lambda share: f"{share * 100:.10g}",
    "model": str,
    "seconds": lambda seconds: f"{seconds:.10g}",
}
