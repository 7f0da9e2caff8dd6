"""Writes a made-up month: the items, counts and pictures that the service's own writes leave, in as few requests as AWS allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from detection import aws, config, counters, predictions, table
from detection.counters import Counted
from detection.fill.month import heaviest_chat, month
from detection.items import expiry, whole_item
from detection.prediction import Prediction
from detection.predictions import Outcome

Tell = Callable[[str], object]

_HERE = {"localhost", "127.0.0.1", "::1"}
_TELL_SECONDS = 5.0
_REFUSED_AFTER = timedelta(seconds=0.5)  # how long Telegram takes to say that a chat can't be written to


class NotAnEmulator(Exception):
    """What the environment names is no emulator on this machine: made-up predictions are not for AWS."""


def fill(count: int, *, seed: int, until: datetime, pictures: int = 0, tell: Tell = lambda _: None) -> list[Prediction]:
    """Write so many predictions of the month before `until`, and pictures of the newest ones, and return the predictions, oldest first.

    The same seed and time give the same. Empty where this seed's are there already, whole or in part: nothing is written or counted
    twice. `tell` hears of the progress. Raises NotAnEmulator, or Unavailable (what was written until then stays).
    """
    _check()
    if predictions.of_chat(heaviest_chat(seed), limit=1):
        return []
    made = month(count, seed=seed, until=until)
    if pictures:
        from detection.fill.pictures import put  # noqa: PLC0415 - draws with a worker's libraries, which a site has not

        put(made[-pictures:], tell=tell)
    count_all(made)
    tell("counted them by the hour")
    write(made, tell=tell)
    return made


def write(made: Sequence[Prediction], *, tell: Tell = lambda _: None) -> None:
    """The items alone, the newest first. Raises Unavailable."""
    model, days = table.predictions(), config.shared().retention_days
    with aws.translated("writing predictions"), model.batch_write() as batch:
        for one in _told(reversed(made), len(made), tell):
            batch.save(whole_item(model, one, expires_at=expiry(one.created_at, days=days)))


def count_all(made: Sequence[Prediction]) -> None:
    """Add to the hourly counters what the writes of these would have been counted as. Raises Unavailable."""
    counters.add(counted for one in made for counted in _counted(one))


def _told(items: Iterator[Prediction], count: int, tell: Tell) -> Iterator[Prediction]:
    """The same, saying now and then how many there were."""
    due = time.monotonic() + _TELL_SECONDS
    for number, item in enumerate(items):
        if time.monotonic() >= due:
            tell(f"{number} of {count} predictions")
            due += _TELL_SECONDS
        yield item


def _counted(one: Prediction) -> list[Counted]:
    """What the writes of this prediction would have been counted as."""
    counts = [counters.created(one)]
    if one.finished_at:
        outcome = Outcome(
            model=one.model, detections=one.detections, detected_at=one.detected_at, saved_at=one.saved_at, failure=one.failure
        )
        counts.append(counters.finished(outcome, one, one.finished_at))
        if one.undeliverable:
            counts.append(counters.undeliverable(one.finished_at + _REFUSED_AFTER))
    if one.replied_at:
        counts.append(counters.replied(one, one.replied_at))
    return counts


def _check() -> None:
    for client in (aws.dynamodb().client, aws.s3()):
        if urlsplit(client.meta.endpoint_url).hostname not in _HERE:
            raise NotAnEmulator(
                f"nothing made: {client.meta.endpoint_url} is no emulator on this machine. Set AWS_ENDPOINT_URL to one, such as "
                "http://127.0.0.1:4566, or use `python -m sandbox fill`"
            )
