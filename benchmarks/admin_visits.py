"""Visits the admin's pages over a small table of predictions and over a large one: what `make bench-admin` runs as the site.

The small table has the newest of the large one, so that a page has to show the same of both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import django

from benchmarks import report
from benchmarks.events import Log
from benchmarks.meter import Meter
from detection import aws, table
from detection.clock import now
from detection.fill.month import heaviest_chat, month
from detection.fill.write import count_all, write
from detection.prediction import Prediction, Status

SEED = 1
WARM_UP = 2  # visits before those that count


def pages(made: Sequence[Prediction]) -> dict[str, str]:
    """Each page with its address."""
    chat, newest = heaviest_chat(SEED), made[-1].created_at
    (one, *_) = [one.prediction_id for one in reversed(made) if one.status is Status.DONE and one.chat_id == chat]
    hour: dict[str, object] = {"since": (newest - timedelta(minutes=75)).isoformat(), "until": (newest - timedelta(minutes=15)).isoformat()}
    queries: dict[str, dict[str, object]] = {
        "list": {},
        "by day": hour,
        "by chat": {"chat": chat},
        "by open": {"is_open": "yes"},
        "bounded": {"model": "none-of-these"},
    }
    lists = {name: "/admin/predictions/?" + urlencode(query) for name, query in queries.items()}
    return lists | {"one": f"/admin/predictions/{one}/", "dashboard": "/admin/dashboard/?range=week"}


def visit(client: Any, meter: Meter, note: Log, *, page: str, address: str, predictions: int, visits: int) -> None:
    """So many times one page. Raises RuntimeError where it is not shown."""
    for number in range(-WARM_UP, visits):
        meter.labels = {"page": page, "predictions": predictions, "visit": number}
        began, busy = time.perf_counter(), time.process_time()
        answer = client.get(address)
        took, worked = time.perf_counter() - began, time.process_time() - busy
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answers {answer.status_code}")
        note("visit", ms=took * 1000, cpu_ms=worked * 1000, **meter.labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=Path, help="where the events go")
    parser.add_argument("--predictions", type=int, nargs=2, required=True, help="of the small table and of the large one")
    parser.add_argument("--visits", type=int, required=True, help="of each page")
    given = parser.parse_args()
    small, large = given.predictions
    note = Log(given.events)
    meter, client = Meter(note), _operator()
    made = month(large, seed=SEED, until=now())
    for model in table.all_tables():
        meter.attach(model._get_connection().connection.client)  # noqa: SLF001 - PynamoDB has no other way to a model's client
    meter.attach(aws.dynamodb().client)
    addresses = pages(made[-small:])
    for predictions, new in ((small, made[-small:]), (large, made[:-small])):
        report.progress(f"writing {len(new)} predictions")
        meter.labels = {}
        count_all(new)
        write(new, tell=report.progress)
        for page, address in addresses.items():
            visit(client, meter, note, page=page, address=address, predictions=predictions, visits=given.visits)
            report.progress(f"{predictions} predictions: {page} visited {given.visits} times")
    note.close()


def _operator() -> Any:
    """A browser that is logged in as a superuser."""
    django.setup()
    from django.contrib.auth.models import User  # noqa: PLC0415 - Django has to be set up before
    from django.test import Client  # noqa: PLC0415

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("bench"))
    return client


if __name__ == "__main__":
    main()
