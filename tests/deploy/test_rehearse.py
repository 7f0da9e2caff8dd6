"""What a rehearsal takes for good. The rehearsal itself takes minutes, and is a command of its own."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from deploy.rehearse.figures import figures, is_good
from deploy.rehearse.permissions import NEEDED_BY, NEEDED_BY_A_WORKER, UNPROVABLE, unused
from deploy.rehearse.service import Service, _database, _told
from deploy.rehearse.terraform import _differing
from deploy.terraforming import HERE
from tests.emulators import ROOT

FILES = {"site": "iam_site", "worker": "iam_worker", "workflow": "iam_workflow", "schedule": "schedule"}

GOOD = {
    "resources": 110,
    "flows": 14,
    "flows_passed": 14,
    "rolls": 6,
    "rolls_passed": 6,
    "statements": 31,
    "statements_needed": 26,
    "statements_unprovable": 5,
    "actions": 60,
    "actions_used": 60,
    "forbidden": 21,
    "forbidden_refused": 21,
    "replan_unexpected": 0,
    "left_after_destroy": 0,
}


EVENTS: list[dict[str, Any]] = [
    {"event": "applying"},
    {"event": "applied", "resources": 110},
    {"event": "flow", "name": "takes_a_photo", "worked": True},
    {"event": "flow", "name": "watches", "worked": False},
    {"event": "roll", "name": "rolls_the_site", "worked": True},
    {"event": "statement", "statement": "site.Photos", "verdict": "needed", "why": "takes_a_photo"},
    {"event": "statement", "statement": "site.WriteLog", "verdict": "unprovable", "why": "Docker's log driver calls it"},
    {"event": "statement", "statement": "site.Watch", "verdict": "NOT NEEDED", "why": "watches worked without it"},
    {"event": "actions", "permitted": 9, "idle": ["site.Send sqs:SendMessage"]},
    {"event": "forbidden", "tried": 5, "permitted": ["site iam:list_roles"]},
    {"event": "roll", "name": "leaves_another_image", "worked": False},
    {"event": "planned again", "unexpected": ["aws_lb.public: update name"]},
    {"event": "destroyed", "left": ["s3 polybot", "sns polybot"]},
]


def test_figures_are_counted_from_the_events() -> None:
    assert figures(EVENTS) == {
        "resources": 110,
        "flows": 2,
        "flows_passed": 1,
        "rolls": 2,
        "rolls_passed": 1,
        "statements": 3,
        "statements_needed": 1,
        "statements_unprovable": 1,
        "actions": 9,
        "actions_used": 8,
        "forbidden": 5,
        "forbidden_refused": 4,
        "replan_unexpected": 1,
        "left_after_destroy": 2,
    }


def test_one_that_broke_off_has_none() -> None:
    with pytest.raises(KeyError):
        figures(EVENTS[:-1])


def test_a_whole_one_is_good() -> None:
    assert is_good(GOOD)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"flows_passed": 13},
        {"rolls_passed": 5},
        {"actions_used": 59},
        {"statements_needed": 25},
        {"statements_needed": 22, "statements_unprovable": 9},
        {"forbidden_refused": 20},
        {"replan_unexpected": 1},
        {"left_after_destroy": 1},
    ],
    ids=" ".join,
)
def test_whatever_falls_short_is_not(spoilt: dict[str, int]) -> None:
    assert not is_good(GOOD | spoilt)


def test_what_a_plan_does_not_know_is_told_from_what_it_would_change() -> None:
    change = {
        "before": {"same": 1, "other": "a", "gone": True, "computed": "x"},
        "after": {"same": 1, "other": "b", "new": False},
        "after_unknown": {"computed": True, "inside": {"deep": True}},
    }
    assert _differing(change) == {"other", "gone", "new", "computed?"}


def test_each_statement_has_its_flow_or_its_reason() -> None:
    """Without either, the rehearsal would find out only after minutes."""
    sources = {role: (HERE / "terraform" / f"{file}.tf").read_text() for role, file in FILES.items()}
    common = _sids((HERE / "terraform" / "iam_instances.tf").read_text())
    statements = {f"{role}.{sid}" for role, text in sources.items() for sid in _sids(text)}
    statements |= {f"{role}.{sid}" for role in ("site", "worker") for sid in common}
    told = [*UNPROVABLE, *NEEDED_BY, *NEEDED_BY_A_WORKER]
    assert sorted(told) == sorted(statements)


class Asked:
    """An account of which one role has one statement, and something was permitted to it; also the service that it is the account of."""

    name = "ours"

    def __init__(self, *asked: tuple[str, str, str]) -> None:
        self.account = self
        self._asked = {*asked}

    def statements(self, role: str, policy: str) -> list[dict[str, Any]]:  # noqa: ARG002  # the account's signature
        statement = {"Sid": "Photos", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::photos/*"}
        return [statement] if role == "ours-worker" else []

    def asked(self) -> set[tuple[str, str, str]]:
        return self._asked


def test_an_action_that_nobody_asked_for_is_told() -> None:
    get = ("ours-worker", "s3:GetObject", "arn:aws:s3:::photos/1/1/photo.jpg")
    by_another = ("ours-site", "s3:PutObject", "arn:aws:s3:::photos/1/1/photo.jpg")
    elsewhere = ("ours-worker", "s3:PutObject", "arn:aws:s3:::other/1")
    assert unused(cast("Service", Asked(get, by_another, elsewhere))) == (2, ["worker.Photos s3:PutObject"])
    put = ("ours-worker", "s3:PutObject", "arn:aws:s3:::photos/1/1/boxes.jpg")
    assert unused(cast("Service", Asked(get, put))) == (2, [])


def test_the_page_names_tests_that_are_there() -> None:
    named = set(re.findall(r"`(?:tests/deploy/)?(test_\w+)(?:\.py)?`", (ROOT / "docs" / "infrastructure.md").read_text()))
    there = set()
    for file in (ROOT / "tests" / "deploy").glob("test_*.py"):
        there |= {file.stem, *re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    assert len(named) > 15
    assert named - there == set()


def _sids(text: str) -> list[str]:
    return re.findall(r'\bsid +?= "(\w+)"', text)


def test_where_the_databases_secret_is_is_read_from_user_data() -> None:
    assert _database("#!/bin/bash\ntoken=$(secret polybot/token)\ndatabase=$(secret arn:aws:x:rds!db-1)\n") == "arn:aws:x:rds!db-1"
    with pytest.raises(ValueError, match="reads no secret of a database"):
        _database("#!/bin/bash\n")


def test_the_environment_is_read_from_user_data() -> None:
    user_data = "#!/bin/bash\ncat >/etc/polybot/environment <<'END'\nA=1\nB=x=y\nEND\n\ncat >/other <<'END'\nC=3\nEND\n"
    assert _told(user_data) == {"A": "1", "B": "x=y"}
    with pytest.raises(ValueError, match="writes no /etc/polybot/environment"):
        _told("#!/bin/bash\n")
