"""Pages of predictions where something is in the way: what arrives meanwhile, what is rare, what is long ago, what is gone."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from detection import listing, predictions, table
from detection.filters import Filters
from detection.listing import BadCursor, page
from detection.prediction import Status
from tests.clouds import Cloud
from tests.detection.test_listing import NOW, all_pages, made, stored
from tests.detection.test_predictions import created


def test_what_arrives_meanwhile_moves_nothing(cloud: Cloud) -> None:
    for number in range(1, 31):
        created(number, age=timedelta(minutes=number))
    first = page(Filters(), size=10)
    for number in range(31, 46):
        created(number)
    second = page(Filters(), cursor=first.older, size=10)
    assert [one.message_id for one in (*first.predictions, *second.predictions)] == list(range(1, 21))
    assert second.newer
    assert [one.message_id for one in page(Filters(), cursor=second.newer, size=10).predictions] == list(range(1, 11))


def test_a_rare_thing_is_looked_for_by_parts(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page says how far back it has looked, and the next one goes on there."""
    monkeypatch.setattr(listing, "MOST_READ", listing._AHEAD + 40)
    chance = random.Random(1)
    many = [
        replace(made(number, chance), status=Status.DONE, created_at=NOW - timedelta(minutes=number), model="m-1")
        for number in range(1, 101)
    ]
    rare = replace(many[-1], model="m-rare")
    stored([*many[:-1], rare])
    wanted = Filters(model="m-rare", since=NOW - timedelta(days=1))
    first = page(wanted)
    assert first.predictions == ()
    assert first.looked_back_to == NOW - timedelta(minutes=40)
    pages = all_pages(wanted, size=50)
    assert len(pages) == 3
    assert [one.prediction_id for each in pages for one in each.predictions] == [rare.prediction_id]


def test_quiet_days_are_looked_through_by_parts_too(cloud: Cloud) -> None:
    created(1, age=timedelta(days=20))
    first = page(Filters())
    assert first.predictions == ()
    assert first.looked_back_to is not None
    assert NOW - first.looked_back_to < timedelta(days=listing.MOST_DAYS)
    pages = all_pages(Filters(), size=50)
    assert [one.message_id for each in pages for one in each.predictions] == [1]
    assert len(pages) == 5


def test_erased_and_expired_ones_are_not_shown(cloud: Cloud) -> None:
    for number in (1, 2):
        created(number)
    predictions.erase("42-1")
    (gone,) = [item for item in table.predictions().scan() if item.prediction_id == "42-2"]
    gone.update(actions=[table.PredictionItem.expires_at.set(NOW - timedelta(hours=1))])
    assert all(page(filters).predictions == () for filters in (Filters(), Filters(chat=42), Filters(is_open=True)))


@pytest.mark.parametrize("cursor", ["older", "older_x_42-7", "sideways_2026-11-23T00:00:00+00:00_1-1", "older_2026-11-23T00:00:00_1-1"])
def test_a_cursor_that_no_page_has_named(cursor: str) -> None:
    with pytest.raises(BadCursor, match="is no place in the list"):
        page(Filters(), cursor=cursor)
