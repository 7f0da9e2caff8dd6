"""What a worker makes of each fault, ours beside stock Celery: `make bench-faults`.

Each row has a server, a queue and workers of its own. Rows wait most of the time, so several are played at once; a fault's
two subjects are played next to each other. Nobody restarts a worker that ends by itself (`ended` has its exit status).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import events, fault_figures, networks, report
from benchmarks.events import Event, Log
from benchmarks.fault_cases import CASES, Case, Scene, left
from benchmarks.messages import QUEUE
from benchmarks.sqs_control import stand
from benchmarks.subjects import OURS, STOCK, SUBJECTS
from benchmarks.workers import Bench

COLUMNS = ("fault", "subject", "lost", "run_twice", "resumed_s", "visible_s", "dead_letters", "ended")
QUICK = ("503 20 s", "SIGTERM with prefetched work", "poison: not JSON")


def play(case: Case, subject: str, folder: Path, *, scale: float = 1.0) -> list[Event]:
    """One row from beginning to end: its events."""
    note = Log(folder / "driver.jsonl")
    with (
        networks.nodes(case.nodes) as nodes,
        stand(folder / "server.jsonl", hosts=[node.host for node in nodes] or ["127.0.0.1"]) as server,
    ):
        url = server.make_queue(QUEUE, visibility=case.visibility, max_receives=case.max_receives)
        bench = Bench(folder, SUBJECTS[subject], QUEUE, url, case.visibility)
        scene = Scene(bench, server, note, scale, nodes=nodes)
        note("case", expects=case.expects, how=nodes[0].how if nodes else "")
        try:
            case.play(scene)
        except RuntimeError as failed:  # a worker that did not start spoils its row, not the table
            note("failed", failed=str(failed)[-2000:])
        finally:
            _note_the_end(scene)
            bench.end()
    note.close()
    return [*events.read(folder / "driver.jsonl"), *events.read(bench.tasks), *events.read(folder / "server.jsonl")]


def _note_the_end(scene: Scene) -> None:
    for worker in scene.bench.workers:
        code = worker.process.poll()
        if code is not None:
            scene.note("exit", code=code)
    scene.note("left", **left(scene))


def _row(case: Case, subject: str, raw: Path, keep: Path | None, *, scale: float) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-faults-") as temporary:
        folder = keep / f"{case.name}-{subject}".replace("/", " ") if keep else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = play(case, subject, folder, scale=scale)
        labelled = [{**event, "fault": case.name, "subject": subject} for event in found]
        events.append(raw, labelled)
        [row] = fault_figures.rows(labelled)
        report.progress(_brief(row))


def _brief(row: fault_figures.Row) -> str:
    """Subject, fault, and what there is of the rest."""
    seen = "  ".join(f"{name} {row[name]:.3g}" for name in COLUMNS[2:] if row[name] is not None)
    return f"{row['subject']:12}  {row['fault']:37}  {seen}"


def _place(row: fault_figures.Row) -> tuple[int, int]:
    return [case.name for case in CASES].index(row["fault"]), list(SUBJECTS).index(row["subject"])


def _events(todo: list[tuple[Case, str]], given: argparse.Namespace) -> list[Event]:
    """Of all these rows, several at a time."""
    with tempfile.TemporaryDirectory(prefix="bench-faults-") as folder:
        raw: Path = given.raw or Path(folder) / "raw.jsonl"
        raw.unlink(missing_ok=True)
        scale = 0.1 if given.quick else 1.0
        with ThreadPoolExecutor(given.jobs) as pool:
            rows = [pool.submit(_row, case, subject, raw, given.keep, scale=scale) for case, subject in todo]
        for row in rows:
            row.result()
        return events.read(raw)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, help="keep the events in this file")
    parser.add_argument("--figures", type=Path, help="run nothing: the rows of the events in this file")
    parser.add_argument(
        "--quick", action="store_true", help="three short rows for each subject, to see that it runs; the bars are not applied"
    )
    parser.add_argument("--subject", action="append", choices=[OURS, STOCK])
    parser.add_argument("--fault", action="append", help="only those whose names have this in them")
    parser.add_argument("--jobs", type=int, default=4, help="rows at a time")
    parser.add_argument("--keep", type=Path, help="a folder for the logs of all workers")
    given = parser.parse_args(arguments)
    wanted = [
        case
        for case in CASES
        if (not given.quick or case.name in QUICK) and (not given.fault or any(part in case.name for part in given.fault))
    ]
    todo = [(case, subject) for case in wanted for subject in given.subject or [OURS, STOCK]]
    found = sorted(fault_figures.rows(events.read(given.figures) if given.figures else _events(todo, given)), key=_place)
    report.say(report.table(COLUMNS, [[row[name] for name in COLUMNS] for row in found]))
    return report.finish({"rows": found}, [] if given.quick else fault_figures.bars(found))


if __name__ == "__main__":
    sys.exit(main())
