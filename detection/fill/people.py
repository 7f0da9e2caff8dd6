"""Who sends photos, and when: a few send most, evenings and weekends are busy, and some photos come as albums. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, cycle, islice

DAYS = 29  # less than the shortest retention that keeps a month
NEWEST = timedelta(minutes=8)  # the ages of what is still waited for
_BY_HOUR = (3, 2, 1, 1, 1, 2, 4, 8, 12, 14, 15, 17, 20, 18, 16, 16, 18, 22, 27, 31, 33, 28, 18, 8)  # of a day in UTC
_BY_WEEKDAY = (9, 9, 9, 10, 12, 17, 16)  # Monday first
_GROWTH = 0.6  # the last day has so much more than the first
_PHOTOS_A_CHAT = 120
_ALBUMS, _GROUPS = 0.12, 0.15  # shares


@dataclass(frozen=True, slots=True)
class Sent:
    """A photo that came in. `place` is its number in an album, 0 for the first or only one."""

    at: datetime
    chat_id: int
    message_id: int
    place: int


def sent(count: int, *, waiting: int, chance: random.Random, until: datetime) -> list[Sent]:
    """So many photos of the month before `until`, the oldest first; the last `waiting` of them came just now."""
    chats = [a_chat(chance) for _ in range(max(4, count // _PHOTOS_A_CHAT))]
    heaviness = list(accumulate(1 / (rank + 1) for rank in range(len(chats))))
    hours = [until - timedelta(hours=back) for back in range(24 * DAYS)]
    busy = list(accumulate(_busy(hour, until) for hour in hours))
    came: list[tuple[datetime, int, int]] = []
    while len(came) < count - waiting:
        (begins,), (chat,) = chance.choices(hours, cum_weights=busy), chance.choices(chats, cum_weights=heaviness)
        at = begins - timedelta(seconds=chance.uniform(2 * NEWEST.total_seconds(), 3600))
        size = chance.randrange(2, 11) if chance.random() < _ALBUMS else 1
        came += [(at + timedelta(seconds=0.4 * place), chat, place) for place in range(min(size, count - waiting - len(came)))]
    for chat in islice(cycle(chats), waiting):
        came.append((until - timedelta(seconds=chance.uniform(5, NEWEST.total_seconds())), chat, 0))
    return _numbered(sorted(came), chance)


def _busy(hour: datetime, until: datetime) -> float:
    age = (until - hour) / timedelta(days=DAYS)
    return _BY_HOUR[hour.hour] * _BY_WEEKDAY[hour.weekday()] * (1 + _GROWTH * (1 - age))


def a_chat(chance: random.Random) -> int:
    """The id of a person's chat, or of a group's."""
    return -chance.randrange(10**12, 2 * 10**12) if chance.random() < _GROUPS else chance.randrange(10**8, 7 * 10**9)


def _numbered(came: list[tuple[datetime, int, int]], chance: random.Random) -> list[Sent]:
    """Messages have growing numbers in each chat; between photos there are others."""
    last: dict[int, int] = {}
    photos = []
    for at, chat, place in came:
        last[chat] = last.get(chat, chance.randrange(900)) + (1 if place else chance.randrange(2, 9))
        photos.append(Sent(at, chat, last[chat], place))
    return photos
