"""docs/aws.md says what the code does: the calls of a roll, its exit statuses, the paths of the workflows, the cost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deploy import terraforming
from deploy.operations import cost, settings
from deploy.roll.__main__ import STATUSES
from tests.deploy.conftest import NEW_SITE, NEW_WORKER, OLD_WORKER, Account
from tests.deploy.test_workflows import WORKFLOWS, triggers
from tests.emulators import ROOT

PAGE = (ROOT / "docs" / "aws.md").read_text()


def calls_on_the_page(side: str) -> set[str]:
    rows = {
        name: set(re.findall(r"`([a-z0-9]+:\w+)`", row))
        for name, row in re.findall(r"^\| (both|site|workers) \| (`.*) \|$", PAGE, re.MULTILINE)
    }
    assert set(rows) == {"both", "site", "workers"}
    return rows["both"] | rows[side]


def test_a_roll_of_the_site_asks_for_what_the_page_says(site: Account) -> None:
    site.front.targets.unreachable.add(NEW_SITE)
    assert site.roll("site", NEW_SITE) == 1
    site.front.targets.unreachable.clear()
    assert site.roll("site", NEW_SITE) == 0
    assert set(site.front.calls) == calls_on_the_page("site")


def test_a_roll_of_the_workers_asks_for_what_the_page_says(workers: Account) -> None:
    workers.front.fleet.good = (OLD_WORKER,)
    assert workers.roll("workers", NEW_WORKER) == 1
    assert set(workers.front.calls) == calls_on_the_page("workers")


def test_the_workflows_role_permits_what_the_page_says_and_no_more() -> None:
    text = (terraforming.HERE / "terraform" / "iam_workflow.tf").read_text()
    permitted = set(re.findall(r'"([a-z0-9]+:[A-Z]\w+)"', text)) - {"sts:AssumeRoleWithWebIdentity"}
    assert permitted == calls_on_the_page("site") | calls_on_the_page("workers")


def test_the_page_has_each_exit_status() -> None:
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == re.findall(r"^ +(\d+)  ", STATUSES, re.MULTILINE)


@pytest.mark.parametrize("side", WORKFLOWS)
def test_the_page_names_each_path_that_starts_a_workflow(side: str) -> None:
    section = PAGE.partition("## 4. A new version")[2].partition("\n## ")[0]
    rows = [row for row in re.findall(r"^\| (`.*) \| (.*) \|$", section, re.MULTILINE) if "both" in row[1] or WORKFLOWS[side] in row[1]]
    named = {path for paths, _ in rows for path in re.findall(r"`([^`]+)`", paths)}
    assert named == {pattern.removesuffix("**") for pattern in triggers(side)["push"]["paths"]}


def test_the_cost_on_the_page_is_what_the_command_says(tmp_path: Path) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "polybot.tfvars.json"
    path.write_text(example)
    chosen = settings.read(path)
    (shown,) = re.findall(r"<!-- cost -->\n```\n(.*?)```", PAGE, re.DOTALL)
    assert shown.splitlines() == cost.lines(chosen, chosen.value("worker_min"))[: len(shown.splitlines())]
    assert shown.splitlines()[-1].startswith("a month, US dollars")
    further = sum(one.dollars for one in cost.items(chosen, 2)) - sum(one.dollars for one in cost.items(chosen, 1))
    assert f"Each further worker is ${further:.2f} a month" in PAGE
    larger = json.loads(example) | {"worker_instance_type": "c7i.large"}
    path.write_text(json.dumps(larger))
    assert f"`c7i.large` is ${cost.items(settings.read(path), 1)[1].month:.2f} in the place of the $30.37" in PAGE
