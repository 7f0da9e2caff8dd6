"""Filters: read from a query and written back, each mistake named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from detection.filters import BadFilters, Filters, parse, to_query
from detection.prediction import Box, Detection, Status
from tests.detection.test_predictions import new

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOG, CAT = (Detection(label, confidence, Box(0, 0, 1, 1)) for label, confidence in (("dog", 0.9), ("cat", 0.5)))
ONE = replace(
    new(),
    created_at=AT,
    received_at=AT,
    replied_at=AT + timedelta(seconds=3),
    status=Status.DONE,
    detections=(DOG, CAT),
    model="yolov5n-1",
    verdict="right",
)


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ({}, True),
        ({"since": "2026-11-23T12:00"}, True),
        ({"until": "2026-11-23T12:00"}, False),
        ({"since": "2026-11-24"}, False),
        ({"chat": "42"}, True),
        ({"chat": "-42"}, False),
        ({"status": "FAILED"}, False),
        ({"is_open": "yes"}, False),
        ({"labels": "dog, bird"}, True),
        ({"labels": "dog, bird", "all_labels": "yes"}, False),
        ({"labels": "dog, cat", "all_labels": "yes"}, True),
        ({"labels": "cat", "confidence": "60"}, False),
        ({"labels": "dog", "confidence": "60"}, True),
        ({"labels": "dog,cat", "all_labels": "yes", "confidence": "60"}, False),
        ({"confidence": "91"}, False),
        ({"confidence": "60", "confidence_to": "80"}, False),
        ({"confidence": "50", "confidence_to": "50"}, True),
        ({"labels": "dog", "confidence_to": "89"}, False),
        ({"count": "2"}, True),
        ({"count": "3"}, False),
        ({"count_to": "1"}, False),
        ({"count": "1", "count_to": "1", "labels": "dog"}, True),
        ({"labels": "bird", "count_to": "0"}, True),
        ({"confidence": "60", "count": "2"}, False),
        ({"seconds": "2", "seconds_to": "4"}, True),
        ({"seconds_to": "2.9"}, False),
        ({"model": "yolov5n-1"}, True),
        ({"model": "yolov5n"}, False),
        ({"verdict": "right"}, True),
        ({"verdict": "wrong"}, False),
        ({"seconds": "3"}, True),
        ({"seconds": "3.1"}, False),
        ({"chat": " ", "cursor": "older_x"}, True),
    ],
)
def test_what_is_wanted(query: dict[str, str], matches: bool) -> None:
    filters = parse(query)
    assert filters.matches(ONE) is matches
    assert parse(to_query(filters)) == filters


def test_an_open_one_was_never_answered_slowly() -> None:
    waiting = replace(ONE, replied_at=None)
    assert Filters(is_open=True).matches(waiting)
    assert not Filters(seconds=0).matches(waiting)


def test_an_answer_that_was_sent_again_is_as_slow_as_its_second_sending() -> None:
    again = replace(ONE, replied_at=AT + timedelta(days=2, seconds=1), reopened_at=AT + timedelta(days=2))
    assert again.seconds == 1
    assert not Filters(seconds=2).matches(again)


def test_every_mistake_is_named_with_what_belongs_there() -> None:
    with pytest.raises(BadFilters) as found:
        parse({"since": "tuesday", "chat": "4503599627370497", "status": "done", "confidence": "101", "seconds": "nan", "is_open": "no"})
    assert set(found.value.mistakes) == {"since", "chat", "status", "confidence", "seconds", "is_open"}
    assert found.value.mistakes["status"] == "is 'done', but it must be QUEUED, DONE or FAILED"
