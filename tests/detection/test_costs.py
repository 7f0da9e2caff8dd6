"""The price list, where it is read and where it is explained."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from detection import photos, predictions
from detection.clock import now
from detection.costs import FILE, a_day, instances, price_list
from detection.predictions import Outcome
from detection.submit import submit_photo
from taskqueue.registry import Worker
from tests.clouds import Cloud
from tests.requests_made import requests_made

PAGE = (FILE.parents[1] / "docs" / "costs.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The rows of the table whose first column has this name."""
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def test_the_documentation_has_each_price_and_no_other() -> None:
    assert rows("what") == [[one.what, f"{one.usd:g}", f"{one.per:,} {one.unit}"] for one in price_list().prices.values()]
    assert (price_list().region in PAGE, price_list().known in PAGE) == (True, True)


def test_the_documentation_has_each_amount_and_no_other() -> None:
    known = price_list()
    parts = (known.a_photo, known.a_worker_a_day, known.an_instance_a_day)
    assert {name for part in parts for name in part} == set(known.prices)
    assert rows("of") == [[name, *(f"{part[name]:,}" if name in part else "-" for part in parts)] for name in known.prices]


def test_the_units_of_the_writes_add_up_to_those_of_a_photo() -> None:
    units = sum(int(cell) for row in rows("write") for cell in row[1:] if cell)
    assert units == price_list().a_photo["write"]
    transactions = [row for row in rows("write") if "(transaction)" in row[0]]
    assert (len(transactions), len(rows("write"))) == (3, 6)


@pytest.mark.parametrize("cloud", ["ministack", "moto"], indirect=True)
def test_a_photo_makes_the_writes_that_its_cost_is_reckoned_from(cloud: Cloud) -> None:
    with requests_made() as made:
        submit_photo(b"bytes", chat_id=42, message_id=7, received_at=now())
        started = predictions.start("42-7", worker="w")
        assert started
        photos.get(started.photo_key)
        photos.put("42/42-7/annotated-1.jpg", b"bytes", content_type="image/jpeg")
        predictions.finish("42-7", Outcome(model="m", annotated_key="42/42-7/annotated-1.jpg"), started=started)
        predictions.mark_replied(predictions.claim("42-7"))
        photos.get("42/42-7/annotated-1.jpg")
    calls = Counter(made)
    assert (calls["TransactWriteItems"], calls["UpdateItem"], calls["PutItem"]) == (3, 3, 0)
    assert (calls["PutObject"], calls["GetObject"]) == (2, 2)


def test_a_day_is_what_photos_workers_and_instances_take() -> None:
    by_name = dict(zip(price_list().prices, a_day(1_000, workers=2, instances=1), strict=True))
    assert by_name["instance"].usd == pytest.approx(24 * 0.08925)
    assert by_name["message"].amount == 3 * 1_000 + 2 * 52_000
    assert by_name["write"].usd == pytest.approx(37 * 1_000 * 0.625 / 1_000_000)
    assert sum(item.usd for item in a_day(0, workers=0, instances=0)) == 0
    assert sum(item.usd for item in a_day(1_000, workers=0, instances=0)) == pytest.approx(0.05, abs=0.005), "the page says: about 5 cents"


def test_two_workers_of_one_instance_cost_one_instance() -> None:
    def worker(name: str, instance: str | None) -> Worker:
        return Worker(worker=name, host="h", instance=instance, started_at=now(), heartbeat_at=now())

    assert instances([worker("a", "i-1"), worker("b", "i-1"), worker("c", "i-2"), worker("d", None)]) == 2
