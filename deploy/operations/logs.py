"""`python -m deploy logs`: the log of a side, oldest line first."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from deploy.operations.settings import Settings

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def ago(text: str) -> timedelta:
    """A time span such as 30s, 10m, 2h or 1d. Raises ValueError.

    >>> ago("10m")
    datetime.timedelta(seconds=600)
    """
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if not found:
        raise ValueError(f"{text!r} is no time span: 30s, 10m, 2h, 1d")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def lines(settings: Settings, side: str, *, since: timedelta, word: str = "", follow: bool = False, every: float = 5) -> Iterator[str]:
    """Each line since then, those with `word` in it alone where one is given; with `follow`, without end."""
    client = settings.client("logs")
    start = int((datetime.now(UTC) - since).timestamp() * 1000)
    seen: dict[str, int] = {}  # ids of lines of the last minutes: CloudWatch lets late ones in before newer ones
    while True:
        asked = {"logGroupName": f"/{settings.name}/{side}", "startTime": start} | ({"filterPattern": f'"{word}"'} if word else {})
        for page in client.get_paginator("filter_log_events").paginate(**asked):
            for event in page["events"]:
                if event["eventId"] not in seen:
                    seen[event["eventId"]] = event["timestamp"]
                    yield f"{event['logStreamName']} | {event['message'].rstrip()}"
        if not follow:
            return
        start = max(start, max(seen.values(), default=start) - 120_000)
        seen = {one: at for one, at in seen.items() if at >= start}
        time.sleep(every)
