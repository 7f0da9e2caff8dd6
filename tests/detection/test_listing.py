"""Pages of predictions, against a plain filter over the same data: the same rows, in order, none twice and none left out."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from detection import table
from detection.clock import now
from detection.filters import Filters, parse
from detection.items import new_item, to_maps
from detection.listing import Page, page
from detection.prediction import Box, Detection, Failure, Prediction, Status, prediction_id
from tests.clouds import opened

NOW = now().replace(microsecond=0)
BOX = Box(0.1, 0.1, 0.5, 0.5)
FILTERS = {
    "since": {"since": (NOW - timedelta(days=4)).isoformat()},
    "until": {"until": (NOW - timedelta(days=1, hours=5)).isoformat()},
    "chat": {"chat": "2"},
    "status": {"status": "FAILED"},
    "open": {"is_open": "yes"},
    "labels": {"labels": "dog, cat"},
    "sure": {"labels": "dog, cat", "all_labels": "yes", "confidence": "50"},
    "confidence": {"confidence": "80"},
    "unsure": {"confidence_to": "30"},
    "count": {"count": "1", "count_to": "2"},
    "model": {"model": "m-2"},
    "seconds": {"seconds": "2"},
    "quick": {"seconds_to": "3"},
}
# The same once more, as whoever knows nothing of `Filters` would put it.
PLAIN: dict[str, Callable[[Prediction], bool]] = {
    "since": lambda one: one.created_at >= NOW - timedelta(days=4),
    "until": lambda one: one.created_at < NOW - timedelta(days=1, hours=5),
    "chat": lambda one: one.chat_id == 2,
    "status": lambda one: one.status.value == "FAILED",
    "open": lambda one: not one.replied_at and not one.undeliverable,
    "labels": lambda one: any(found.label in {"dog", "cat"} for found in one.detections),
    "sure": lambda one: {"dog", "cat"} <= {found.label for found in one.detections if found.confidence >= 0.5},
    "confidence": lambda one: any(found.confidence >= 0.8 for found in one.detections),
    "unsure": lambda one: any(found.confidence <= 0.3 for found in one.detections),
    "count": lambda one: one.status.value != "QUEUED" and 1 <= len(one.detections) <= 2,
    "model": lambda one: one.model == "m-2",
    "seconds": lambda one: one.replied_at is not None and (one.replied_at - one.received_at).total_seconds() >= 2,
    "quick": lambda one: one.replied_at is not None and (one.replied_at - one.received_at).total_seconds() <= 3,
}
# What one of a pair says of detections holds for the very detections that the other means, so the two are not two questions.
_ONE_QUESTION = {"labels", "sure", "confidence", "unsure", "count"}
PAIRS = [names for names in itertools.combinations(FILTERS, 2) if not _ONE_QUESTION.issuperset(names)]


def made(number: int, chance: random.Random) -> Prediction:
    """One of these days, in whatever state; some share their time with others."""
    at = NOW - timedelta(hours=chance.randrange(9 * 24), seconds=chance.choice([0, 0, chance.randrange(3600)]))
    chat = chance.randrange(1, 5)
    labels = chance.sample(["dog", "cat", "bird"], chance.randrange(4))
    status = chance.choice(list(Status))
    replied_at = at + timedelta(seconds=chance.uniform(0.5, 4)) if status is not Status.QUEUED and chance.random() < 0.8 else None
    return Prediction(
        prediction_id=prediction_id(chat, number),
        chat_id=chat,
        message_id=number,
        photo_key=f"{chat}/{chat}-{number}/photo",
        received_at=at,
        created_at=at,
        status=status,
        failure=Failure.DAMAGED if status is Status.FAILED else None,
        model=chance.choice(["m-1", "m-2"]) if status is Status.DONE else None,
        detections=tuple(Detection(label, round(chance.random(), 3), BOX) for label in labels) if status is Status.DONE else (),
        replied_at=replied_at,
    )


def stored(some: list[Prediction]) -> None:
    model = table.predictions()
    with model.batch_write() as batch:
        for one in some:
            item = new_item(model, one, expires_at=NOW + timedelta(days=20))
            item.status, item.failure = one.status.value, one.failure.value if one.failure else None
            item.detections = to_maps(one.detections)
            if not one.is_open:
                item.open_shard = None
            batch.save(item)


@pytest.fixture(scope="module")
def everything(ministack: str) -> Iterator[list[Prediction]]:
    with opened(ministack):
        chance = random.Random(7)
        some = [made(number, chance) for number in range(1, 241)]
        stored(some)
        yield sorted(some, key=lambda one: (one.created_at, one.prediction_id), reverse=True)


def all_pages(filters: Filters, *, size: int) -> list[Page]:
    """To the end; AssertionError where it doesn't come."""
    pages = [page(filters, size=size)]
    while (cursor := pages[-1].older) and len(pages) < 200:
        pages.append(page(filters, cursor=cursor, size=size))
    assert pages[-1].older is None
    return pages


@pytest.mark.parametrize("names", [*itertools.combinations(FILTERS, 1), *PAIRS], ids="+".join)
def test_each_filter_and_each_pair_gives_what_a_plain_filter_gives(names: tuple[str, ...], everything: list[Prediction]) -> None:
    filters = parse({name: value for filter_name in names for name, value in FILTERS[filter_name].items()})
    size = random.Random("+".join(names)).choice([5, 17, 100])
    pages = all_pages(filters, size=size)
    expected = [one.prediction_id for one in everything if all(PLAIN[name](one) for name in names)]
    assert [one.prediction_id for each in pages for one in each.predictions] == expected
    assert all(len(each.predictions) == size for each in pages[:-1] if each.looked_back_to is None)


@pytest.mark.parametrize("query", [{}, {"chat": "2"}, {"is_open": "yes"}, {"status": "DONE"}], ids=str)
def test_the_way_back_shows_the_same_pages(query: dict[str, str], everything: list[Prediction]) -> None:
    pages = all_pages(parse(query), size=20)
    back = [pages[-1]]
    while cursor := back[-1].newer:
        back.append(page(parse(query), cursor=cursor, size=20))
        assert len(back) <= len(pages) + 1
    shown = [one.prediction_id for each in reversed(back) for one in each.predictions]
    # Its first page is whole, so what lies between it and the one before may be shown in both.
    assert list(dict.fromkeys(shown)) == [one.prediction_id for one in everything if parse(query).matches(one)]
