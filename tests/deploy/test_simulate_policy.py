"""What the group wants, from what was read: the arithmetic of target tracking, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.simulate.policy import Group, Reading, Target, decide

CPU, BUSY, BACKLOG = Target("cpu", 60), Target("busy", 60), Target("backlog", 20)
QUIET = Reading(cpu=10, busy=10, backlog=0, in_service=4)
GROUP = Group(desired=4, is_warming=False, least=2, most=20)


def read(**facts: float | None) -> Reading:
    return replace(QUIET, **facts)  # type: ignore[arg-type]


def test_out_takes_three_periods() -> None:
    loud = read(backlog=200)
    assert decide([BACKLOG], [QUIET, loud, loud], GROUP) == 4
    assert decide([BACKLOG], [loud, QUIET, loud, loud], GROUP) == 4
    assert decide([BACKLOG], [loud, loud, loud], GROUP) == 10


@pytest.mark.parametrize(
    ("target", "reading", "wanted"),
    [
        (CPU, read(cpu=90), 6),  # 4 × 90 / 60
        (CPU, read(cpu=100), 7),  # 6.67
        (BUSY, read(busy=100), 7),
        (CPU, read(cpu=60), 4),  # at the target, not above it
        (BACKLOG, read(backlog=80), 4),
        (BACKLOG, read(backlog=81), 5),
        (BACKLOG, read(backlog=10_000), 20),  # no more than there may be
    ],
)
def test_out_brings_the_metric_to_its_target(target: Target, reading: Reading, wanted: int) -> None:
    assert decide([target], [reading] * 3, GROUP) == wanted


def test_what_divides_without_a_rest_is_not_rounded_up() -> None:
    assert decide([Target("cpu", 1.1)], [read(cpu=3.3, in_service=1)] * 3, GROUP) == 4  # 3.3 / 1.1 is 2.9999…
    assert decide([Target("cpu", 0.1)], [read(cpu=0.7, in_service=1)] * 3, GROUP) == 7  # 0.7 / 0.1 is 6.9999…
    assert decide([Target("cpu", 0.1)], [read(cpu=0.6, in_service=3)] * 3, GROUP) == 18  # 1.8 / 0.1 is 17.9999… or 18.000…1


def test_instances_that_boot_are_not_asked_for_again() -> None:
    """Four in service want seven; three are on their way."""
    assert decide([CPU], [read(cpu=100)] * 3, replace(GROUP, desired=7, is_warming=True)) == 7


def test_the_largest_of_several_policies_wins() -> None:
    loud = [read(cpu=90, backlog=200)] * 3
    assert decide([CPU, BACKLOG], loud, GROUP) == decide([BACKLOG, CPU], loud, GROUP) == 10
    assert decide([CPU, BACKLOG], [read(cpu=90)] * 3, GROUP) == 6


def test_in_takes_fifteen_periods_and_one_instance_at_a_time() -> None:
    assert decide([CPU, BACKLOG], [QUIET] * 14, GROUP) == 4
    assert decide([CPU, BACKLOG], [read(backlog=79), *[QUIET] * 14], GROUP) == 4
    assert decide([CPU, BACKLOG], [QUIET] * 15, GROUP) == 3
    assert decide([CPU, BACKLOG], [QUIET] * 15, replace(GROUP, desired=2)) == 2


def test_in_only_where_every_policy_agrees() -> None:
    working = [read(cpu=55)] * 15  # 54 is nine tenths of its target
    assert decide([CPU, BACKLOG], working, GROUP) == 4
    assert decide([BACKLOG], working, GROUP) == 3


def test_in_only_where_the_rest_could_do_it() -> None:
    assert decide([CPU], [read(cpu=50)] * 15, GROUP) == 4  # three would have 67 %
    assert decide([CPU], [read(cpu=44)] * 15, GROUP) == 3  # three have 59 %


def test_not_in_while_an_instance_warms_up_or_its_metric_is_missing() -> None:
    assert decide([CPU], [QUIET] * 15, replace(GROUP, is_warming=True)) == 4
    assert decide([CPU], [*[QUIET] * 14, read(cpu=None)], GROUP) == 4
    assert decide([CPU], [read(cpu=None)] * 15, GROUP) == 4


def test_without_a_policy_or_without_readings_nothing_changes() -> None:
    assert decide([], [read(backlog=10_000)] * 15, GROUP) == 4
    assert decide([CPU, BACKLOG], [], GROUP) == 4


def test_without_an_instance_in_service_the_backlog_is_that_of_one() -> None:
    assert decide([BACKLOG], [read(backlog=50, in_service=0)] * 3, replace(GROUP, desired=1, least=0)) == 3
