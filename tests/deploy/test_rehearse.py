"""What a rehearsal takes for good. The rehearsal itself takes minutes, and is a command of its own."""

from __future__ import annotations

import pytest

from deploy.rehearse.__main__ import is_good
from deploy.rehearse.service import _told
from deploy.rehearse.terraform import _differing

GOOD = {
    "resources": 110,
    "flows": 14,
    "flows_passed": 14,
    "statements": 31,
    "statements_needed": 26,
    "statements_unprovable": 5,
    "forbidden": 21,
    "forbidden_refused": 21,
    "replan_unexpected": 0,
    "left_after_destroy": 0,
}


def test_a_whole_one_is_good() -> None:
    assert is_good(GOOD)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"flows_passed": 13},
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


def test_the_environment_is_read_from_user_data() -> None:
    user_data = "#!/bin/bash\ncat >/etc/polybot/environment <<'END'\nA=1\nB=x=y\nEND\n\ncat >/other <<'END'\nC=3\nEND\n"
    assert _told(user_data) == {"A": "1", "B": "x=y"}
    with pytest.raises(ValueError, match="writes no /etc/polybot/environment"):
        _told("#!/bin/bash\n")
