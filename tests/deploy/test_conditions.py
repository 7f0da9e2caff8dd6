"""Conditions of statements, as the rehearsal's model reads them."""

from __future__ import annotations

import pytest

from deploy.rehearse.conditions import met


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, True),
        ({"StringEquals": {"tag": "site"}}, True),
        ({"StringEquals": {"tag": ["worker", "site"]}}, True),
        ({"StringEquals": {"tag": "worker"}}, False),
        ({"StringEquals": {"tag": "site", "other": "x"}}, False),
        ({"StringEquals": {"tag": "site"}, "Bool": {"tls": "false"}}, False),
        ({"ForAllValues:StringEquals": {"other": "x"}}, True),
        ({"ForAllValues:StringEquals": {"tag": "worker"}}, False),
    ],
)
def test_all_of_a_condition_has_to_be_met(condition: dict[str, dict[str, str | list[str]]], expected: bool) -> None:
    assert met(condition, {"tag": "site", "tls": "true"}) is expected


def test_an_operator_that_is_not_modelled_is_no_guess() -> None:
    with pytest.raises(NotImplementedError, match="StringLike"):
        met({"StringLike": {"tag": "s*"}}, {"tag": "site"})
