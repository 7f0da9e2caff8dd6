"""Any data, any filters, any pages, and rows that arrive meanwhile: what was there at the first page is shown once and in order."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detection.filters import Filters
from detection.listing import page
from detection.prediction import Box, Detection, Prediction, Status, prediction_id
from tests.clouds import Cloud, _empty_tables
from tests.detection.test_listing import NOW, stored

_LABELS = st.sampled_from(["dog", "cat", "bird"])
_DETECTIONS = st.lists(st.builds(Detection, _LABELS, st.sampled_from([0.3, 0.5, 0.8]), st.just(Box(0, 0, 1, 1))), max_size=3).map(tuple)


@st.composite
def predictions(draw: st.DrawFn) -> list[Prediction]:
    """Some of one to three days, many at the same moment."""
    ages = draw(st.lists(st.sampled_from([0, 1, 1, 60, 3600, 86_400, 100_000, 200_000]), max_size=25))
    return [_made(draw, number, age) for number, age in enumerate(ages, start=1)]


def _made(draw: st.DrawFn, number: int, age: int) -> Prediction:
    at, chat = NOW - timedelta(seconds=age), draw(st.integers(1, 2))
    status = draw(st.sampled_from(list(Status)))
    done = status is Status.DONE
    return Prediction(
        prediction_id=prediction_id(chat, number),
        chat_id=chat,
        message_id=number,
        photo_key="x",
        received_at=at,
        created_at=at,
        status=status,
        detections=draw(_DETECTIONS) if done else (),
        model=draw(st.sampled_from(["m-1", "m-2"])) if done else None,
        replied_at=at + timedelta(seconds=draw(st.integers(1, 4))) if done and draw(st.booleans()) else None,
    )


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "since": st.sampled_from([1, 3600, 90_000]).map(lambda age: NOW - timedelta(seconds=age)),
        "until": st.sampled_from([1, 3600, 90_000]).map(lambda age: NOW - timedelta(seconds=age)),
        "chat": st.integers(1, 3),
        "status": st.sampled_from(list(Status)),
        "is_open": st.just(True),
        "labels": st.sampled_from([("dog",), ("dog", "cat")]),
        "confidence": st.sampled_from([0.4, 0.8]),
        "count_to": st.integers(0, 2),
        "model": st.sampled_from(["m-1", "m-2"]),
        "seconds": st.integers(1, 4),
    },
)


def plain(one: Prediction, wanted: dict[str, Any]) -> bool:
    """The filters' meaning, said a second time."""
    meant = [
        found
        for found in one.detections
        if found.confidence >= wanted.get("confidence", 0) and found.label in wanted.get("labels", ("dog", "cat", "bird"))
    ]
    seconds = (one.replied_at - one.received_at).total_seconds() if one.replied_at else None
    answers: dict[str, Callable[[Any], bool]] = {
        "since": lambda value: one.created_at >= value,
        "until": lambda value: one.created_at < value,
        "chat": lambda value: one.chat_id == value,
        "status": lambda value: one.status is value,
        "is_open": lambda _: one.replied_at is None,
        "labels": lambda _: "count_to" in wanted or bool(meant),
        "confidence": lambda _: "count_to" in wanted or bool(meant),
        "count_to": lambda value: one.status is not Status.QUEUED and len(meant) <= value,
        "model": lambda value: one.model == value,
        "seconds": lambda value: seconds is not None and seconds >= value,
    }
    return all(answers[name](value) for name, value in wanted.items())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(some=predictions(), wanted=FILTERS, size=st.integers(1, 6))
def test_each_row_that_was_there_is_shown_once_and_in_order(
    cloud: Cloud, some: list[Prediction], wanted: dict[str, Any], size: int
) -> None:
    _empty_tables()
    stored(some)
    filters = Filters(**wanted)
    shown, cursor = [], None
    for number in itertools.count(1_000):
        found = page(filters, cursor=cursor, size=size)
        shown += [one.prediction_id for one in found.predictions]
        cursor = found.older
        if cursor is None:
            break
        assert number < 1_200, "the pages have no end"
        late = NOW + timedelta(seconds=number)
        if some:
            stored([replace(some[0], prediction_id=f"1-{number}", message_id=number, received_at=late, created_at=late)])
    newest_first = sorted(some, key=lambda one: (one.created_at, one.prediction_id), reverse=True)
    assert shown == [one.prediction_id for one in newest_first if plain(one, wanted)]
