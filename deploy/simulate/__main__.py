"""`python -m deploy.simulate`: what the workers' Auto Scaling group makes of a load, simulated."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.simulate import pictures, report, studies, theory
from deploy.simulate.figures import Row, summary

ABOUT = """\
Simulate the workers' Auto Scaling group, and show what each policy makes of a load: how long photos take to be answered, what that
costs, and how often the group changes its mind. Nothing is started and no account is needed.

  a first look       python -m deploy.simulate --study boot --seeds 6
  all of it          python -m deploy.simulate --raw runs.jsonl --pictures docs/pictures     (some minutes on every processor)
  the tables again   python -m deploy.simulate --figures runs.jsonl

Times of work are recorded ones (deploy/simulate/service_times.json). What they and the instances are assumed to be, and what follows
from all this, is in docs/scaling.md. Each figure is the mean over the seeds, ± its 95 % interval. The simulation is first checked against
Erlang C; the exit status is 1 where it disagrees. The last line is all of it as one JSON object."""

STUDIES = """the studies:
  2 processes        every load under every policy, with a process for each processor of an instance
  12 processes       the same with loads six times as large, and twelve processes on an instance of two processors
  target backlog, most instances, least instances, spot losses
                     twelve processes and both policies; this one thing is different
  boot               the same with two processes
  assumptions        the same, were photos to take longer or shorter than assumed
  rates              1, 10, 30 and 1,000 photos a second, all the time"""

LEAST_SEEDS = 6  # for figures.student
CHECKED = theory.Queue(rate=7, seconds=1, servers=8)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m deploy.simulate", description=ABOUT, epilog=STUDIES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--study",
        action="append",
        choices=list(dict.fromkeys(case.study for case in studies.cases())),
        metavar="NAME",
        help="only this one (may be repeated)",
    )
    parser.add_argument("--seeds", type=int, default=20, help="runs of each case (default: %(default)s)")
    parser.add_argument("--raw", type=Path, metavar="FILE", help="keep the figures of each run in this file, as JSON lines")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="run nothing: the tables of the runs in this file")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw scaling-*.svg in this folder")
    given = parser.parse_args(arguments)
    if given.seeds < LEAST_SEEDS:
        parser.error(f"--seeds {given.seeds}: an interval needs at least {LEAST_SEEDS}")
    checks = theory.checks(CHECKED, seeds=given.seeds)
    for check in checks:
        print(report.checked(check))
    found = _read(given.figures) if given.figures else _run(given.seeds, given.study or ())
    if given.raw and not given.figures:
        given.raw.write_text("".join(json.dumps(row) + "\n" for row in found))
    seen = summary(found)
    print(report.tables(seen))
    if given.pictures:
        pictures.draw(given.pictures, seen)
    print(json.dumps(report.as_json(seen, checks)))
    return 0 if all(check.holds for check in checks) else 1


def _read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _run(seeds: int, chosen: Sequence[str]) -> list[Row]:
    """In the order of the cases."""
    began, found = time.monotonic(), list[Row]()
    for rows in studies.run(seeds, studies=chosen):
        found += rows
        names = dict.fromkeys(f"{row['study']}, {row['case']}" for row in rows)
        print(f"{time.monotonic() - began:6.0f} s  {'; '.join(names)}", flush=True)
    order = {(case.study, case.name): number for number, case in enumerate(studies.cases())}
    return sorted(found, key=lambda row: (order[row["study"], row["case"]], row["seed"]))


if __name__ == "__main__":
    sys.exit(main())
