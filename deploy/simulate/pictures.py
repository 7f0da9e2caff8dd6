"""The pictures of docs/scaling.md."""

from __future__ import annotations

from pathlib import Path

from deploy.simulate import plot
from deploy.simulate.figures import Summary
from deploy.simulate.group import History
from deploy.simulate.studies import Case, cases

SHOWN = ("none", "CPU", "both")  # policies, over time


def draw(folder: Path, found: Summary) -> None:
    """`scaling-STUDY.svg` of each comparison that is in the summary, and `scaling-burst.svg`, which is one run of it."""
    for study in ("2 processes", "12 processes"):
        rows = [
            (case, its["p95_s"], f"{its['p95_s'].mean:,.1f} s, ${its['dollars'].mean:.2f}")
            for (name, case), its in found.items()
            if name == study
        ]
        if rows:
            title = "p95 to answer with its interval, and what the workers cost meanwhile"
            (folder / f"scaling-{study.replace(' ', '-')}.svg").write_text(plot.bars(title, rows))
    (folder / "scaling-burst.svg").write_text(burst())


def burst(seed: int = 0) -> str:
    """The large burst under three policies: what comes, how many instances there are, and what waits."""
    chosen = {policy: _case("12 processes", f"burst: {policy}") for policy in SHOWN}
    load = chosen["CPU"].scenario
    photos = chosen["CPU"].photos(seed)
    histories = {policy: case.history(photos, seed) for policy, case in chosen.items()}
    panels: list[plot.Panel] = [
        ("photos a second", {"": [(at / 60, load.rate(at)) for at in range(0, int(load.seconds), 60)]}),
        ("instances", {policy: [(at / 60, size) for at, size in its.sizes] for policy, its in histories.items()}),
        ("photos that wait", {policy: _backlog(its) for policy, its in histories.items()}),
    ]
    return plot.lines(panels, end=load.seconds / 60, unit="min")


def _backlog(history: History) -> list[tuple[float, float]]:
    return [(0.0, 0.0), *((at / 60, reading.backlog) for at, reading in history.readings)]


def _case(study: str, name: str) -> Case:
    return next(case for case in cases() if (case.study, case.name) == (study, name))
