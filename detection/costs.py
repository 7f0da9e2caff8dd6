"""What a day costs on AWS, by a price list: prices.json, which docs/costs.md explains. An estimate, and named one wherever it is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from taskqueue.registry import Worker

FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, slots=True)
class Price:
    """So many dollars for `per` units of something."""

    what: str
    unit: str
    usd: float
    per: int


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices by name, and how much of each a photo, a worker's day and an instance's day take."""

    region: str
    known: str  # when AWS had these prices
    prices: Mapping[str, Price]
    a_photo: Mapping[str, float]
    a_worker_a_day: Mapping[str, float]
    an_instance_a_day: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Item:
    """So much of something, and what it costs."""

    price: Price
    amount: float

    @property
    def usd(self) -> float:
        return self.amount * self.price.usd / self.price.per


@cache
def price_list() -> PriceList:
    """The list as it stands in the file."""
    found: Any = json.loads(FILE.read_text())
    prices = {one.pop("name"): Price(**one) for one in found.pop("prices")}
    return PriceList(prices=prices, **found)


def a_day(photos: float, *, workers: int, instances: int) -> Sequence[Item]:
    """What a day of so many photos costs with so many workers on so many EC2 instances; see docs/costs.md for what is left out."""
    known = price_list()
    parts = ((known.a_photo, photos), (known.a_worker_a_day, workers), (known.an_instance_a_day, instances))
    return [Item(price, sum(part.get(name, 0) * times for part, times in parts)) for name, price in known.prices.items()]


def instances(workers: Sequence[Worker]) -> int:
    """How many EC2 instances these workers are on; those that run elsewhere cost nothing here."""
    return len({worker.instance for worker in workers if worker.instance})
