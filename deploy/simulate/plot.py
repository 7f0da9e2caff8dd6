"""SVG that reads in the light and in the dark: lines over time, and bars with their intervals."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

from deploy.simulate.figures import Mean

Points = Sequence[tuple[float, float]]
Panel = tuple[str, Mapping[str, Points]]  # a title, and its lines by their names

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 860, 130, 56, 28, 30, 44  # of a panel, and around it
NAMES, COSTS, BAR = 210, 170, 20  # of the bars: the columns beside them, and the height of one
COLOURS = ("#2f81f7", "#d29922", "#3fb950", "#db61a2")
GREY = "#8b949e"


def lines(panels: Sequence[Panel], *, end: float, unit: str) -> str:
    """Panels one below the other over the same time, from 0 to `end`; a value holds until the next one. At most four lines in each."""
    drawn = [_panel(title, its, TOP + number * (HEIGHT + GAP), end) for number, (title, its) in enumerate(panels)]
    height = TOP + len(panels) * (HEIGHT + GAP)
    ticks = [
        f'<text x="{_x(share * end / 6, end):.0f}" y="{height - GAP + 18}" text-anchor="middle">{share * end / 6:.0f} {unit}</text>'
        for share in range(7)
    ]
    return _svg([*drawn, *ticks], height)


def bars(title: str, rows: Sequence[tuple[str, Mean, str]]) -> str:
    """A bar for each name as long as the logarithm of its value, with its interval, and words behind it. Values are at least 0.1."""
    most = max(math.log10(max(value.mean + value.margin, 1)) for _, value, _ in rows) + 1
    height = TOP + len(rows) * BAR + 24
    scale = [_scale(10.0**power, most, height) for power in range(-1, math.ceil(most))]
    drawn = [_bar(name, value, words, TOP + number * BAR, most) for number, (name, value, words) in enumerate(rows)]
    head = f'<text x="{NAMES}" y="16" font-weight="600">{html.escape(title)}</text>'
    return _svg([head, *scale, *drawn], height)


def _svg(parts: Sequence[str], height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{GREY}">\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _x(at: float, end: float) -> float:
    return LEFT + at / end * (WIDTH - LEFT - RIGHT)


def _panel(title: str, its: Mapping[str, Points], top: float, end: float) -> str:
    most = max(1.0, *(value for points in its.values() for _, value in points))
    parts = [
        f'<text x="{LEFT}" y="{top - 8}" font-weight="600">{html.escape(title)}</text>',
        *(_level(top, share, most) for share in (0, 1)),
    ]
    for number, (name, points) in enumerate(its.items()):
        colour = COLOURS[number]
        if name:
            parts.append(
                f'<text x="{WIDTH - RIGHT - 130 * number}" y="{top - 8}" text-anchor="end" fill="{colour}">{html.escape(name)}</text>'
            )
        # Dashed from the second on, so that a line which lies under another one is seen.
        dashes = f' stroke-dasharray="{5 + number} {3 + number}"' if number else ""
        parts.append(f'<path d="{_steps(points, top, most, end)}" fill="none" stroke="{colour}" stroke-width="1.5"{dashes}/>')
    return "\n".join(parts)


def _steps(points: Points, top: float, most: float, end: float) -> str:
    path, before = "", None
    for at, value in [*(point for point in points if point[0] <= end), (end, points[-1][1])]:
        x, y = _x(at, end), top + HEIGHT * (1 - value / most)
        path += f"M{x:.1f} {y:.1f}" if before is None else f"H{x:.1f}" + (f"V{y:.1f}" if y != before else "")
        before = y
    return path


def _level(top: float, share: float, most: float) -> str:
    y = top + HEIGHT * (1 - share)
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="{GREY}" stroke-opacity=".35"/>'
        f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{most * share:,.0f}</text>'
    )


def _length(value: float, most: float) -> float:
    """From 0.1 on, each power of ten is as long as the others."""
    return (math.log10(max(value, 0.1)) + 1) / most * (WIDTH - NAMES - COSTS)


def _scale(value: float, most: float, height: float) -> str:
    x = NAMES + _length(value, most)
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{height - 22}" stroke="{GREY}" stroke-opacity=".35"/>'
        f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{value:g} s</text>'
    )


def _bar(name: str, value: Mean, words: str, top: float, most: float) -> str:
    middle, end = top + BAR / 2, NAMES + _length(value.mean, most)
    low, high = (NAMES + _length(value.mean + side * value.margin, most) for side in (-1, 1))
    return (
        f'<text x="{NAMES - 8}" y="{middle + 4}" text-anchor="end">{html.escape(name)}</text>'
        f'<rect x="{NAMES}" y="{top + 4}" width="{end - NAMES:.1f}" height="{BAR - 8}" fill="{COLOURS[0]}"/>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="{COLOURS[1]}" stroke-width="2"/>'
        f'<text x="{max(high, end) + 8:.1f}" y="{middle + 4}">{html.escape(words)}</text>'
    )
