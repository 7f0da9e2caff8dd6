"""Lines that go in steps, one panel below the other, over the same time: SVG that reads in the light and in the dark."""

from __future__ import annotations

import html
from collections.abc import Sequence

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 860, 150, 46, 28, 30, 40  # of a panel, and around it
COLOURS = ("#2f81f7", "#d29922")
GREY = "#8b949e"


def steps(panels: Sequence[tuple[str, Points]], *, unit: str) -> str:
    """Each panel is a title and its points (time, value); a value holds until the next one."""
    end = max(at for _, points in panels for at, _ in points) or 1.0
    drawn = [_panel(title, points, number, end) for number, (title, points) in enumerate(panels)]
    height = TOP + len(panels) * (HEIGHT + GAP)
    ticks = [_tick(share * end / 5, end, height - GAP + 18, unit) for share in range(6)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 8}" width="{WIDTH}" height="{height + 8}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{GREY}">\n' + "\n".join([*drawn, *ticks]) + "\n</svg>\n"
    )


def _panel(title: str, points: Points, number: int, end: float) -> str:
    top = TOP + number * (HEIGHT + GAP)
    most = max(1.0, *(value for _, value in points))
    path, before = "", None
    for at, value in [*points, (end, points[-1][1])]:
        x, y = LEFT + at / end * (WIDTH - LEFT - RIGHT), top + HEIGHT * (1 - value / most)
        path += f"M{x:.1f} {y:.1f}" if before is None else f"H{x:.1f}" + (f"V{y:.1f}" if y != before else "")
        before = y
    colour = COLOURS[number % len(COLOURS)]
    return "\n".join(
        [
            f'<text x="{LEFT}" y="{top - 8}" font-weight="600" fill="{colour}">{html.escape(title)}</text>',
            *(_level(top, share, most) for share in (0, 1)),
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
        ]
    )


def _level(top: float, share: float, most: float) -> str:
    y = top + HEIGHT * (1 - share)
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="{GREY}" stroke-opacity=".35"/>'
        f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{most * share:g}</text>'
    )


def _tick(at: float, end: float, y: float, unit: str) -> str:
    x = LEFT + at / end * (WIDTH - LEFT - RIGHT)
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{at:.0f} {unit}</text>'
