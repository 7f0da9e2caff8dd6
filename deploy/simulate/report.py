"""The figures as tables for people, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from deploy.simulate.figures import Mean, Summary
from deploy.simulate.load import measured, record
from deploy.simulate.theory import Check

COLUMNS = {
    "p50_s": "p50, s",
    "p95_s": "p95, s",
    "p99_s": "p99, s",
    "others_p95_s": "others' p95, s",
    "instance_hours": "instance-hours",
    "dollars": "dollars",
    "direction_changes": "turns",
    "most_instances": "most at once",
}


def tables(found: Summary) -> str:
    """One for each study, a row for each case. `turns` are direction changes; `others` are the chats that do not flood."""
    return "\n".join(_table(study, found) for study in dict.fromkeys(study for study, _ in found))


def checked(check: Check) -> str:
    sign = "holds " if check.holds else "MISSED"
    return f"{sign}  {check.what}: Erlang C {check.theory:.3f}, simulated {check.simulated.mean:.3f} ± {check.simulated.margin:.3f}"


def as_json(found: Summary, checks: Sequence[Check]) -> dict[str, Any]:
    """Means with their margins by study, case and figure; null for what is infinite."""
    cases: dict[str, dict[str, Any]] = {}
    for (study, case), its in found.items():
        cases.setdefault(study, {})[case] = {name: [_plain(value.mean), _plain(value.margin)] for name, value in its.items()}
    theory = [{"what": c.what, "theory": _plain(c.theory), "simulated": _plain(c.simulated.mean), "holds": c.holds} for c in checks]
    about = {name: value for name, value in record().items() if name != "seconds"}
    return {"studies": cases, "theory": theory, "service_times": about, "photo_s": _plain(measured().seconds)}


def _plain(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _table(study: str, found: Summary) -> str:
    rows = [[study, *COLUMNS.values()]]
    rows += [[case, *(_cell(its[name]) for name in COLUMNS)] for (its_study, case), its in found.items() if its_study == study]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(["", lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cell(value: Mean) -> str:
    """As many digits as mean something.

    >>> _cell(Mean(212.71, 1.3)), _cell(Mean(0.864, 0.004)), _cell(Mean(3.0, 0.0))
    ('213 ± 1.3', '0.864 ± 0.004', '3')
    """
    shown = f"{value.mean:.0f}" if value.mean >= 100 else f"{value.mean:.3g}"
    return shown if value.margin == 0 else f"{shown} ± {value.margin:.2g}"
