"""The command, and what its cases have to show whatever the machine."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from deploy.simulate import plot
from deploy.simulate.__main__ import main
from deploy.simulate.figures import Mean, figures
from deploy.simulate.load import SCENARIOS, burst, measured, steady
from deploy.simulate.policy import Target
from deploy.simulate.studies import BACKLOG, CPU, TWELVE, TWO, Case, cases, enough


def last(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_it_runs_and_its_figures_are_those_of_its_raw_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "runs.jsonl"
    options = ["--seeds", "6", "--study", "boot"]
    assert main([*options, "--raw", str(raw)]) == 0
    found = last(capsys)
    assert list(found["studies"]["boot"]) == ["45 s", "90 s", "180 s"]
    assert all(check["holds"] for check in found["theory"])
    rows = [json.loads(line) for line in raw.read_text().splitlines()]
    assert len(rows) == 3 * 6
    assert [row["case"] for row in rows[::6]] == list(found["studies"]["boot"])
    assert main([*options, "--figures", str(raw), "--pictures", str(tmp_path)]) == 0
    assert last(capsys) == found
    assert [path.name for path in tmp_path.glob("*.svg")] == ["scaling-burst.svg"]  # the others are about studies that were not run


def test_too_few_seeds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--seeds", "2"])
    assert "--seeds 2: an interval needs at least 6" in capsys.readouterr().err


def test_every_load_is_under_every_policy() -> None:
    names = {case.name for case in cases() if case.study == "2 processes"}
    policies = ("none", "CPU", "backlog", "both", "busy and backlog")
    assert names == {f"{load}: {policy}" for load in SCENARIOS for policy in policies}
    assert len({(case.study, case.name) for case in cases()}) == len(cases())


def seen(case: Case, seed: int = 1) -> dict[str, float]:
    return figures(case.history(case.photos(seed), seed))


def test_cpu_alone_never_sees_processes_that_wait() -> None:
    """A process that waits for the site uses no CPU: the group stays as it is, and photos wait. The backlog is seen."""
    load = burst(2, 30, begins=(600,), lasts=300, seconds=2400)
    blind = seen(Case("", "", load, TWO, (CPU,)))
    both = seen(Case("", "", load, TWO, (CPU, Target("backlog", 30))))
    assert blind["most_instances"] == 2
    assert both["most_instances"] > 5
    assert both["p95_s"] < 0.5 * blind["p95_s"]


def test_twelve_processes_do_six_times_as_much() -> None:
    assert enough(60, TWELVE, measured()) == enough(10, TWO, measured()) == 3
    steadily = seen(Case("", "", steady(60, 1200), TWELVE, (CPU, Target("backlog", BACKLOG))))
    assert steadily["p95_s"] < 2
    assert steadily["most_instances"] == 3


def test_a_flood_does_not_hold_up_the_others() -> None:
    found = seen(Case("", "", SCENARIOS["flood"], TWO, (CPU, Target("backlog", 30))))
    assert found["others_p95_s"] < 2
    assert found["p95_s"] > 60


def test_pictures_are_svg() -> None:
    drawn = plot.lines([("a < b", {"one": [(0, 1), (5, 3)], "two": [(0, 0)]})], end=10, unit="min")
    texts = [element.text for element in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert {"a < b", "one", "two", "10 min"} <= set(texts)
    beams = ET.fromstring(plot.bars("title", [("x", Mean(1.0, 0.1), "1 s"), ("y", Mean(100.0, 5), "100 s")]))
    first, second = (float(element.attrib["width"]) for element in beams.iter("{http://www.w3.org/2000/svg}rect"))
    assert second == pytest.approx(3 * first, rel=0.01)  # from 0.1 to 1, and from 0.1 to 100
