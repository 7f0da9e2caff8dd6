"""Charts as numbers for the templates to draw: coordinates in a field of 1000 by 100, which the page stretches to its place.

Texts stand beside the field and not in it, so that they are as large on a phone as on a desk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from detection.hours import Hour, percentiles

WIDTH, HEIGHT = 1000, 100
_TIME = "%a %H:%M"


@dataclass(frozen=True, slots=True)
class Bar:
    """Attributes of an SVG rect."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Line:
    """An SVG path, and the name and the CSS class of what it shows."""

    name: str
    kind: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Something by hours. `columns` and `rows` say the same as a table."""

    key: str
    title: str
    sentence: str  # what there is to see, for whoever does not see it
    scale: tuple[str, str, str]  # at the top, in the middle and at the foot
    times: tuple[str, str, str]  # at the left, in the middle and at the right
    bars_name: str = ""
    bars: Sequence[Bar] = ()
    lines: Sequence[Line] = ()
    spots: Sequence[tuple[Bar, str]] = ()  # what to say of each hour, where it is pointed at
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def activity(hours: Sequence[Hour]) -> Chart:
    """Photos that came and answers that were given, by hour."""
    photos, answers = ([one.counts.get(name, 0) for one in hours] for name in ("photos", "replied"))
    top = nice(max(*photos, *answers))
    busiest = max(range(len(hours)), key=lambda place: photos[place])
    sentence = f"{sum(photos)} photos and {sum(answers)} answers."
    if photos[busiest]:
        sentence += f" Most photos, {photos[busiest]}, came in the hour of {hours[busiest].at:{_TIME}}."
    texts = [f"{one.at:{_TIME}}: {photo} photos, {answer} answers" for one, photo, answer in zip(hours, photos, answers, strict=True)]
    return Chart(
        key="activity",
        title="Photos and answers by hour",
        sentence=sentence,
        scale=(f"{top:g}", f"{top / 2:g}", "0"),
        times=_times([one.at for one in hours]),
        bars_name="photos",
        bars=[_bar(place, len(hours), value / top) for place, value in enumerate(photos)],
        lines=[Line("answers", "answers", steps(answers, top))],
        spots=_spots(texts),
        columns=("Hour (UTC)", "Photos", "Answers"),
        rows=[
            (f"{one.at:{_TIME}}", str(photo), str(answer))
            for one, photo, answer in zip(reversed(hours), photos[::-1], answers[::-1], strict=True)
        ],
    )


def latency(hours: Sequence[Hour]) -> Chart:
    """How long people waited for their answers, by the hour of the answer."""
    found = [percentiles(one.counts, "latency") for one in hours]
    shares = {"p50": [one.p50 for one in found], "p95": [one.p95 for one in found], "p99": [one.p99 for one in found]}
    worst = max((value for value in shares["p99"] if value is not None), default=0.0)
    top = nice(worst)
    told = [tuple(seconds(value) for value in values) for values in zip(*shares.values(), strict=True)]
    texts = [
        f"{one.at:{_TIME}}: half within {p50}, 95 % within {p95}, 99 % within {p99}"
        for one, (p50, p95, p99) in zip(hours, told, strict=True)
    ]
    return Chart(
        key="latency",
        title="From photo to answer, by hour",
        sentence=f"The slowest hundredth of an hour's answers took up to {seconds(worst)}." if worst else "No answers.",
        scale=(seconds(top), seconds(top / 2), "0 s"),
        times=_times([one.at for one in hours]),
        lines=[Line(name, name, steps(values, top)) for name, values in shares.items()],
        spots=_spots(texts),
        columns=("Hour (UTC)", "p50", "p95", "p99"),
        rows=[(f"{one.at:{_TIME}}", *values) for one, values in zip(reversed(hours), told[::-1], strict=True)],
    )


def nice(value: float) -> float:
    """The end of a scale that holds this: 1, 2 or 5 times a power of ten.

    >>> nice(0), nice(7), nice(10), nice(173), nice(0.3)
    (1.0, 10.0, 10.0, 200.0, 0.5)
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return float(next(step * power for step in (1, 2, 5, 10) if value <= step * power * (1 + 1e-9)))


def steps(values: Sequence[float | None], top: float) -> str:
    """A path that stands at each value for its hour's width, with gaps where there is none.

    >>> steps([5, None, 10], 10)
    'M0.0 50.0H333.3M666.7 0.0H1000.0'
    """
    path, width, before = "", WIDTH / len(values), None
    for place, value in enumerate(values):
        if value is not None:
            y = f"{HEIGHT * (1 - value / top):.1f}"
            path += (f"V{y}" if before is not None else f"M{place * width:.1f} {y}") + f"H{(place + 1) * width:.1f}"
        before = value
    return path


def seconds(value: float | None) -> str:
    """
    >>> seconds(None), seconds(0.113), seconds(2.56), seconds(90.6), seconds(5793)
    ('–', '0.11 s', '2.6 s', '91 s', '97 min')
    """
    if value is None:
        return "–"
    if value >= 600:
        return f"{value / 60:.0f} min"
    return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s"


def _bar(place: int, count: int, share: float) -> Bar:
    """With a tenth of an hour's width free on either side."""
    width = WIDTH / count
    return Bar(f"{(place + 0.1) * width:.1f}", f"{HEIGHT * (1 - share):.1f}", f"{0.8 * width:.1f}", f"{HEIGHT * share:.1f}")


def _spots(texts: Sequence[str]) -> list[tuple[Bar, str]]:
    width = WIDTH / len(texts)
    return [(Bar(f"{place * width:.1f}", "0", f"{width:.1f}", str(HEIGHT)), text) for place, text in enumerate(texts)]


def _times(hours: Sequence[datetime]) -> tuple[str, str, str]:
    return (f"{hours[0]:{_TIME}}", f"{hours[len(hours) // 2]:{_TIME}}", "now")
