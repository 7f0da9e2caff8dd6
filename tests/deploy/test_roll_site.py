"""The roll of the site: one instance at a time, and back to the old image where the new one does not serve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy import aws
from deploy.roll import site as rolling
from deploy.roll.__main__ import main
from deploy.roll.lock import Lock
from deploy.roll.machines import running
from deploy.roll.outcome import Stopped
from tests.deploy.conftest import NEW_SITE, OLD_SITE, QUICK, Account


def test_each_instance_takes_the_new_image_in_its_turn(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.roll("site", NEW_SITE) == 0
    assert site.images == [NEW_SITE, NEW_SITE]
    assert site.parameter == NEW_SITE
    a, b = site.front.machines
    # Both groups: out, then in, of the first; then of the second.
    assert site.front.targets.history == [("out", a)] * 2 + [("in", a)] * 2 + [("out", b)] * 2 + [("in", b)] * 2
    assert site.locks == []
    printed = capsys.readouterr().out
    steps = [line.partition(f"{site.name}-site-a: ")[2] for line in printed.splitlines() if "-site-a: " in line]
    assert [step.split()[0] for step in steps] == ["to", "leaves", "starts", "ready;", "serves"]
    assert printed.splitlines()[-1].endswith("done: every instance runs me/polybot@bbbbbbbbbbbb")


def test_the_new_image_starts_only_when_the_instance_has_drained(site: Account) -> None:
    site.front.targets.drains_for = 6
    assert site.roll("site", NEW_SITE) == 0
    started = site.front.calls.index("ssm:SendCommand", site.front.calls.index("elasticloadbalancing:DeregisterTargets"))
    looked = site.front.calls[:started].count("elasticloadbalancing:DescribeTargetHealth")
    assert looked >= 6


def test_a_drain_without_end_is_cut_off(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    site.front.targets.drains_for = 1_000_000
    assert site.roll("site", NEW_SITE, pace=replace(QUICK, drain=0.1)) == 0
    assert "still draining after 0.1 s" in capsys.readouterr().out


def test_an_image_that_does_not_get_ready_is_taken_back(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(site, NEW_SITE)
    assert site.roll("site", NEW_SITE) == 1
    assert site.images == [OLD_SITE, OLD_SITE]
    assert site.parameter == OLD_SITE
    a, _ = site.front.machines
    assert {instance for _, instance in site.front.targets.history} == {a}, "the second one was never touched"
    assert site.front.targets.history[-1] == ("in", a)
    assert site.locks == []
    told = capsys.readouterr()
    assert told.err.startswith("RolledBack: me/polybot@bbbbbbbbbbbb did not serve")
    assert "not ready within 0.3 s" in told.out
    assert "a line of its log" in told.out


def test_an_image_that_the_balancer_finds_unhealthy_is_taken_back(site: Account) -> None:
    site.front.targets.unreachable.add(NEW_SITE)
    assert site.roll("site", NEW_SITE) == 1
    assert site.images == [OLD_SITE, OLD_SITE]
    assert serving(site) == 2


def test_an_instance_that_goes_on_with_another_image_is_not_taken_for_rolled(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    machine = next(iter(site.front.machines.values()))
    (machine.programs / "polybot-start").write_text("#!/bin/sh\n")  # ends well, and starts nothing
    assert site.roll("site", NEW_SITE) == 1
    assert f"runs ['{OLD_SITE}'] instead of {NEW_SITE}" in capsys.readouterr().err
    assert serving(site) == 2


def test_a_failure_on_the_second_instance_takes_the_first_one_back_too(site: Account) -> None:
    _, b = site.front.machines.values()
    (b.folder / "good").write_text(OLD_SITE)
    assert site.roll("site", NEW_SITE) == 1
    assert site.images == [OLD_SITE, OLD_SITE]
    assert serving(site) == 2


def test_an_old_image_that_does_not_serve_either_is_a_persons_task(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    a, _ = site.front.machines.values()
    (a.folder / "good").write_text("")
    assert site.roll("site", NEW_SITE) == 4
    assert f"{site.name}-site-a does not serve with me/polybot@aaaaaaaaaaaa either" in capsys.readouterr().err
    assert site.images[1] == OLD_SITE


def test_a_command_that_ssm_never_delivers_is_given_up(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    site.front.shells.undelivered = True
    assert site.roll("site", NEW_SITE, pace=replace(QUICK, reach=0.05)) == 2
    assert "none is touched" in capsys.readouterr().err
    assert site.front.targets.history == []


def test_a_second_time_does_nothing(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.roll("site", NEW_SITE) == 0
    site.front.targets.history.clear()
    assert site.roll("site", NEW_SITE) == 0
    assert site.front.targets.history == []
    assert capsys.readouterr().out.count("already serves") == 2


def test_a_dry_run_says_what_would_be_done_and_does_nothing(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    before = list(site.front.calls)
    assert site.roll("site", NEW_SITE, "--dry-run") == 0
    asked = {call.partition(":")[2] for call in site.front.calls[len(before) :]}
    assert asked <= {
        "DescribeTargetGroups",
        "DescribeInstances",
        "DescribeTargetHealth",
        "SendCommand",
        "GetCommandInvocation",
        "GetParameterHistory",
        "GetParameter",
    }
    assert {script for _, script in site.front.shells.scripts} == {rolling.WHAT_RUNS}
    printed = capsys.readouterr().out
    assert printed.count("to be rolled to me/polybot@bbbbbbbbbbbb") == 2
    assert "no roll is under way" in printed


def test_the_one_that_serves_nobody_comes_first(site: Account) -> None:
    a, b = site.front.machines
    (site.front.machines[b].folder / "good").write_text(NEW_SITE)
    assert site.roll("site", NEW_SITE) == 0
    assert [instance for way, instance in site.front.targets.history if way == "out"] == [b, b, a, a]


def test_the_last_one_that_serves_is_not_taken_out(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Were the instance that was rolled first to die while the second one is waiting for its turn."""
    a, b = site.front.machines.values()
    work = rolling.connect(site.name, QUICK)
    plan = rolling.look(work, NEW_SITE)
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if line.endswith("-site-a: serves me/polybot@bbbbbbbbbbbb"):
            (a.folder / "good").write_text("")

    lock = held(site)
    with pytest.raises(Stopped, match=f"{site.name}-site-b is the only instance that serves"):
        rolling.roll(work, plan, lock, say)
    assert b.image == OLD_SITE


def test_a_roll_whose_lock_is_taken_over_touches_no_further_instance(site: Account) -> None:
    lock = held(site)

    def say(line: str) -> None:
        if line.endswith("-site-a: serves me/polybot@bbbbbbbbbbbb"):
            theirs = '{"token": "theirs", "who": "ben@desk", "when": "", "what": ""}'
            site.front.client("ssm").put_parameter(Name=lock.parameter, Value=theirs, Overwrite=True)

    work = rolling.connect(site.name, QUICK)
    with pytest.raises(Stopped, match="was taken over by ben@desk"):
        rolling.roll(work, rolling.look(work, NEW_SITE), lock, say)
    assert site.images == [NEW_SITE, OLD_SITE]
    assert serving(site) == 2


@pytest.mark.parametrize("missing", ["instances", "groups", "parameter", "agent"])
def test_what_is_not_there_is_named_and_nothing_is_changed(site: Account, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    here = site.front
    if missing == "instances":
        here.client("ec2").terminate_instances(InstanceIds=list(here.machines))
    elif missing == "groups":
        found = here.client("elbv2").describe_target_groups(Names=[f"{site.name}-internal"])["TargetGroups"]
        here.client("elbv2").delete_target_group(TargetGroupArn=found[0]["TargetGroupArn"])
    elif missing == "parameter":
        here.client("ssm").delete_parameter(Name=f"/{site.name}/site/image")
    else:
        list(here.machines.values())[1].online = False
    assert site.roll("site", NEW_SITE, pace=replace(QUICK, reach=0.1)) == 2
    words = {"instances": "no running instance", "groups": "target groups", "parameter": "no parameter", "agent": "SSM's agent"}
    assert words[missing] in capsys.readouterr().err
    assert here.targets.history == []
    assert site.locks == []


@pytest.mark.parametrize(
    ("call", "status", "outcome"), [("ssm:PutParameter", 2, "Refused"), ("elasticloadbalancing:RegisterTargets", 4, "Stopped")]
)
def test_what_the_account_does_not_allow_is_told(
    site: Account, call: str, status: int, outcome: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site.front.denied.add(call)
    assert site.roll("site", NEW_SITE) == status
    told = capsys.readouterr().err
    assert told.startswith(f"{outcome}: AWS: An error occurred (AccessDenied)")
    assert call in told


def test_an_interrupted_roll_is_gone_on_with(site: Account, capsys: pytest.CaptureFixture[str]) -> None:
    site.front.interrupts["elasticloadbalancing:RegisterTargets"] = 1  # the first instance runs the new image, and is still out
    assert site.roll("site", NEW_SITE) == 130
    assert site.images == [NEW_SITE, OLD_SITE]
    assert site.locks == []
    assert serving(site) == 1
    assert site.roll("site", NEW_SITE) == 0
    assert site.images == [NEW_SITE, NEW_SITE]
    assert serving(site) == 2
    assert "Interrupted: run the same command" in capsys.readouterr().err


def test_what_an_interrupted_roll_left_is_taken_back_too(site: Account) -> None:
    site.front.interrupts["elasticloadbalancing:DeregisterTargets"] = 3  # the first of the second instance
    assert site.roll("site", NEW_SITE) == 130
    _, b = site.front.machines.values()
    (b.folder / "good").write_text(OLD_SITE)
    assert site.parameter == NEW_SITE
    assert site.roll("site", NEW_SITE) == 1
    assert site.images == [OLD_SITE, OLD_SITE], "the first one, which had the new image already, goes back as well"
    assert serving(site) == 2


@pytest.mark.parametrize("image", ["polybot", "me/polybot:latest", "me/polybot@sha256:abc", f"me/polybot @sha256:{'a' * 64}"])
def test_an_image_without_its_digest_is_refused(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["site", "--image", image])
    assert ended.value.code == 2
    assert "repository@sha256:" in capsys.readouterr().err


def spoil(account: Account, image: str) -> None:
    """This image serves nowhere any more."""
    for machine in account.front.machines.values():
        good = (machine.folder / "good").read_text().splitlines()
        (machine.folder / "good").write_text("".join(f"{one}\n" for one in good if one != image))


def serving(account: Account) -> int:
    work = rolling.connect(account.name, QUICK)
    return sum(work.targets.serves(one) for one in running(work.ec2, service=account.name, side="site"))


def held(account: Account) -> Lock:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name=f"/{account.name}/roll/site", Value='{"token": "ours", "who": "me", "when": "", "what": ""}', Type="String")
    return Lock(ssm, f"/{account.name}/roll/site", "ours")
