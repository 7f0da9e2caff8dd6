"""`python -m deploy cost`: what the service costs a month before it has looked at a photo. Asks AWS nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.operations.settings import Refused, Settings

HOURS = 730  # of a month, as AWS counts
DISK_GB = 16  # of each instance
DATABASE_DISK_GB = 20
SECRETS = 6  # five of ours, and RDS's own of the database
# Those of watching.tf, and what AWS makes for the two policies: a pair of one metric for CPU, a pair of three for the backlog.
ALARMS = 15 + 2 * 1 + 2 * 3
# Our own: 8 of all workers (of TaskSeconds one for each of three tasks), 4 of each queue, 2 of polybot-watch, 2 of the log.
METRICS = 8 + 3 * 4 + 2 + 2
DETAILED_METRICS = 7  # of an instance with detailed monitoring, paid for like our own
POLLS_MONTH = 3 * HOURS * 3600 / 5  # a worker waits for three queues, five seconds each time
PRICES = json.loads(Path(__file__).with_name("prices.json").read_text())

NOT_COUNTED = """\
Not counted, since it follows use: S3, DynamoDB, SQS beyond that, log lines, what is sent to the internet, and more than one capacity
unit of each load balancer. Nor what AWS gives away: of metrics and alarms ten each, of SQS a million requests."""


@dataclass(frozen=True)
class Item:
    """One line of the bill."""

    what: str
    count: float
    month: float  # dollars for one

    @property
    def dollars(self) -> float:
        return self.count * self.month


def items(settings: Settings, workers: float) -> list[Item]:
    """What is paid each month, with so many workers on average. Raises Refused for a type whose price is not known."""
    zones = len(settings.value("availability_zones"))
    site, worker, database = (settings.value(name) for name in ("site_instance_type", "worker_instance_type", "database_instance_class"))
    balancer = (PRICES["load_balancer_hour"] + PRICES["load_balancer_unit_hour"]) * HOURS
    return [
        Item(f"site instances, {site}", zones, _hourly("instance_hour", site)),
        Item(f"workers, {worker}", workers, _hourly("instance_hour", worker)),
        Item("load balancers, with one capacity unit each", 2, balancer),
        # One for each instance, and one for each zone of the public load balancer.
        Item("public IPv4 addresses", 2 * zones + workers, PRICES["address_hour"] * HOURS),
        Item(f"disks of {DISK_GB} GB", zones + workers, PRICES["disk_gb_month"] * DISK_GB),
        Item(f"database, {database}", 1, _hourly("database_hour", database) + PRICES["database_disk_gb_month"] * DATABASE_DISK_GB),
        Item("secrets", SECRETS, PRICES["secret_month"]),
        Item("alarms, by the metrics in them", ALARMS, PRICES["alarm_month"]),
        Item("metrics of our own, and of workers each minute", METRICS + DETAILED_METRICS * workers, PRICES["metric_month"]),
        Item("SQS, for workers that wait", workers, PRICES["queue_million_requests"] * POLLS_MONTH / 1e6),
    ]


def lines(settings: Settings, workers: float) -> list[str]:
    """The items and their sum as a table, and where the prices are from."""
    found = items(settings, workers)
    rows = [f"{one.what:<46} {one.count:>5g} × {one.month:>7.2f} = {one.dollars:>8.2f}" for one in found]
    total = f"{'a month, US dollars':<64} {sum(one.dollars for one in found):>8.2f}"
    return [*rows, total, NOT_COUNTED, f"Prices as of {PRICES['date']}. {PRICES['about']}"]


def _hourly(kind: str, name: str) -> float:
    prices: dict[str, Any] = PRICES[kind]
    if name not in prices:
        raise Refused(f"deploy/operations/prices.json has no price of {name}: add it (it has {', '.join(prices)})")
    return float(prices[name]) * HOURS
