"""The checker of `make bench-kills`: from a history of events to what was lost, doubled or stuck.

Events: `put` (key: its task was sent), `sent` (the server's; `copies` 2 where it will deliver twice), `effect` (key: the application
wrote it), `struck` (a worker was killed), `left` (keys in `queue` and `dead` at the end).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.events import Event, of
from benchmarks.report import Bar

MIN_KILLS = 60


@dataclass(frozen=True)
class Verdict:
    tasks: int
    kills: int
    lost: list[str]  # keys without an effect that are in no queue, and dead letters
    doubled: list[str]  # keys with more effects than one
    stuck: list[str]  # keys whose message is still in the queue
    strange: list[str]  # keys with an effect that nobody sent
    duplicates: int  # messages that the server delivered twice
    tasks_per_s: float

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.stuck or self.strange)


def check(events: Iterable[Event]) -> Verdict:
    """Raises ValueError where the history does not say what was left at the end."""
    history = list(events)
    ends = of(history, "left")
    if not ends:
        raise ValueError("the history has no event 'left': it was cut short, and proves nothing")
    put = {e["key"]: e["t"] for e in of(history, "put")}
    effects = Counter(e["key"] for e in of(history, "effect"))
    waiting, dead = set(ends[-1]["queue"]), set(ends[-1]["dead"])
    return Verdict(
        tasks=len(put),
        kills=len(of(history, "struck")),
        lost=sorted({key for key in put if key not in effects and key not in waiting} | dead),
        doubled=sorted(key for key, count in effects.items() if count > 1),
        stuck=sorted(waiting),
        strange=sorted(set(effects) - set(put)),
        duplicates=sum(1 for e in of(history, "sent") if e["copies"] > 1),
        tasks_per_s=_rate(put, [e["t"] for e in of(history, "effect")]),
    )


def _rate(put: dict[str, float], effects: list[float]) -> float:
    """From the first task sent to the last effect."""
    return len(effects) / (max(effects) - min(put.values())) if effects and put else 0.0


def bars(verdict: Verdict) -> list[Bar]:
    return [
        Bar(f"{verdict.kills} workers killed, at least {MIN_KILLS}", verdict.kills >= MIN_KILLS),
        Bar(f"{len(verdict.lost)} lost, 0{_some(verdict.lost)}", not verdict.lost),
        Bar(f"{len(verdict.doubled)} effects doubled, 0{_some(verdict.doubled)}", not verdict.doubled),
        Bar(f"{len(verdict.stuck)} stuck, 0: the queue is empty{_some(verdict.stuck)}", not verdict.stuck),
        Bar(f"{len(verdict.strange)} effects that nobody asked for, 0{_some(verdict.strange)}", not verdict.strange),
    ]


def _some(keys: list[str]) -> str:
    return f" ({', '.join(keys[:5])}{', …' if len(keys) > 5 else ''})" if keys else ""
