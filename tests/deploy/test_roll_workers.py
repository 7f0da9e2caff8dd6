"""The roll of the workers: a new version of the template, a refresh that is followed, and back where the workers do not work."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from deploy.rehearse.modelled.machine import Machine
from deploy.roll.template import _sendable
from deploy.roll.workers import HEALTHY
from tests.deploy.conftest import NEW_WORKER, OLD_WORKER, QUICK, USER_DATA, Account

NEXT = f"me/yolo5@sha256:{'c' * 64}"


def user_data(account: Account) -> str:
    return base64.b64decode(account.default()["LaunchTemplateData"]["UserData"]).decode()


def is_old(account: Account) -> bool:
    """Whether the group launches the old image, and the newest version is the default: Terraform starts from the newest."""
    versions = account.front.client("ec2").describe_launch_template_versions
    newest = versions(LaunchTemplateName=f"{account.name}-worker", Versions=["$Latest"])["LaunchTemplateVersions"][0]
    return user_data(account) == USER_DATA and bool(newest["DefaultVersion"])


def test_every_worker_is_replaced_by_one_with_the_new_image(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(workers.front.machines)
    assert workers.roll("workers", NEW_WORKER) == 0
    assert workers.images == [NEW_WORKER] * 4
    assert not before & set(workers.front.machines)
    assert workers.locks == []
    lines = [line.partition(" ")[2] for line in capsys.readouterr().out.splitlines()]
    assert "version 2 names me/yolo5@bbbbbbbbbbbb, and is the default" in lines
    assert "instance refresh: InProgress, 50 %: Waiting after the checkpoint at 50 %" in lines
    assert sum("works with me/yolo5@bbbbbbbbbbbb" in line for line in lines) == 4
    assert lines[-1] == "done: every instance runs me/yolo5@bbbbbbbbbbbb"


def test_the_new_version_differs_by_the_line_of_the_image_alone(workers: Account) -> None:
    old = workers.default()
    assert workers.roll("workers", NEW_WORKER) == 0
    new = workers.default()
    assert user_data(workers) == USER_DATA.replace(OLD_WORKER, NEW_WORKER)
    same = [{name: value for name, value in one["LaunchTemplateData"].items() if name != "UserData"} for one in (old, new)]
    assert same[0] == same[1]
    assert len(same[0]) == 9, "moto forgot none of the fields either"
    assert new["VersionDescription"] == f"before: version 1; sha256:{'b' * 64}"


def test_the_refresh_keeps_the_group_whole_and_waits_at_its_checkpoint(workers: Account) -> None:
    assert workers.roll("workers", NEW_WORKER) == 0
    (preferences,) = workers.front.refreshes.preferences
    assert preferences == {
        "MinHealthyPercentage": "100",
        "MaxHealthyPercentage": "150",
        "CheckpointPercentages.member.1": "50",
        "CheckpointPercentages.member.2": "100",
        "CheckpointDelay": "1",
    }


def test_an_image_whose_container_does_not_work_is_taken_back(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """EC2 finds its instances healthy all the while."""
    workers.front.fleet.good = (OLD_WORKER,)
    assert workers.roll("workers", NEW_WORKER) == 1
    assert workers.images == [OLD_WORKER] * 4
    assert is_old(workers)
    assert [one.status for one in workers.front.refreshes.refreshes] == ["Successful", "Cancelled"]
    assert workers.front.refreshes.refreshes[1].percent < 100, "not every worker was replaced by one that does not work"
    assert workers.locks == []
    told = capsys.readouterr()
    assert told.err.startswith("RolledBack: me/yolo5@bbbbbbbbbbbb did not work")
    assert "starting\n  a line of its log" in told.err


def test_a_worker_that_runs_another_image_is_not_taken_for_rolled(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    here = workers.front
    launch = here.fleet.launch

    def launch_as_ever(group: str) -> str:
        instance = launch(group)
        (here.machines[instance].folder / "container").write_text(OLD_WORKER)  # it works, and does not do as its user data says
        return instance

    here.fleet.launch = launch_as_ever  # type: ignore[method-assign]
    assert workers.roll("workers", NEW_WORKER) == 1
    assert f"was launched from version 2, and runs ['{OLD_WORKER}'] instead of {NEW_WORKER}" in capsys.readouterr().err
    assert is_old(workers)


def test_a_refresh_that_fails_is_taken_back(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    workers.front.fleet.fails.add(NEW_WORKER)
    assert workers.roll("workers", NEW_WORKER) == 1
    assert workers.images == [OLD_WORKER] * 4
    assert is_old(workers)
    assert "Failed, 0 %: Instances failed to become healthy" in capsys.readouterr().err


def test_a_refresh_that_takes_too_long_is_taken_back(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    workers.front.refreshes.stalled_until = 2
    assert workers.roll("workers", NEW_WORKER, "--timeout", "0.3") == 1
    assert workers.images == [OLD_WORKER] * 4
    assert is_old(workers)
    assert "not within 0.3 s" in capsys.readouterr().err


def test_where_the_way_back_takes_too_long_a_person_is_called(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    workers.front.refreshes.stalled_until = 99
    assert workers.roll("workers", NEW_WORKER, "--timeout", "0.3", pace=replace(QUICK, back=0.3)) == 4
    assert "me/yolo5@aaaaaaaaaaaa is the default again, but not every worker runs it" in capsys.readouterr().err
    assert is_old(workers)


@pytest.mark.parametrize(
    ("call", "number"),
    [("ec2:CreateLaunchTemplateVersion", 1), ("autoscaling:StartInstanceRefresh", 1), ("autoscaling:DescribeInstanceRefreshes", 6)],
)
def test_an_interrupted_roll_is_gone_on_with(workers: Account, call: str, number: int) -> None:
    workers.front.interrupts[call] = number
    assert workers.roll("workers", NEW_WORKER) == 130
    assert workers.locks == []
    assert workers.roll("workers", NEW_WORKER) == 0
    assert workers.images == [NEW_WORKER] * 4
    assert workers.default()["VersionNumber"] == 2, "no second version is made of the same"
    assert len(workers.front.refreshes.refreshes) == 1, "the refresh that goes on is followed"


def test_an_interrupted_roll_whose_image_does_not_work_is_taken_back_by_the_next(workers: Account) -> None:
    workers.front.fleet.good = (OLD_WORKER,)
    workers.front.interrupts["autoscaling:StartInstanceRefresh"] = 1
    assert workers.roll("workers", NEW_WORKER) == 130
    assert workers.roll("workers", NEW_WORKER) == 1
    assert workers.images == [OLD_WORKER] * 4
    assert is_old(workers)


def test_a_second_time_does_nothing(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert workers.roll("workers", NEW_WORKER) == 0
    assert workers.roll("workers", NEW_WORKER) == 0
    assert len(workers.front.refreshes.refreshes) == 1
    assert "every worker already runs me/yolo5@bbbbbbbbbbbb, of version 2" in capsys.readouterr().out


def test_after_a_failure_the_way_back_leads_past_the_version_that_failed(workers: Account) -> None:
    workers.front.fleet.good = (OLD_WORKER,)
    assert workers.roll("workers", NEW_WORKER) == 1
    assert workers.roll("workers", NEXT) == 1
    assert is_old(workers)
    assert workers.images == [OLD_WORKER] * 4


def test_a_dry_run_says_what_would_be_done_and_does_nothing(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert workers.roll("workers", NEW_WORKER, "--dry-run") == 0
    assert {call.partition(":")[2] for call in workers.front.calls} == {
        "DescribeAutoScalingGroups",
        "DescribeInstanceRefreshes",
        "DescribeLaunchTemplateVersions",
        "GetParameter",
    }
    printed = capsys.readouterr().out
    assert "the default version, 1, names me/yolo5@aaaaaaaaaaaa" in printed
    assert "a new version with me/yolo5@bbbbbbbbbbbb to be made" in printed


def test_a_refresh_of_another_change_is_waited_for_by_a_person(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    workers.front.refreshes.stalled_until = 99
    assert workers.roll("workers", NEW_WORKER, "--timeout", "0.2", pace=replace(QUICK, back=0.2)) == 4  # its way back is under way now
    assert workers.roll("workers", NEXT) == 2
    assert "of another change is under way" in capsys.readouterr().err
    assert is_old(workers)


def test_a_worker_that_goes_while_it_is_looked_at_is_no_failure(workers: Account) -> None:
    """A spot instance that is taken away: its command ends badly, and its successor is looked at."""
    here = workers.front
    sent = here.shells.send
    taken: list[str] = []

    def send_and_take(asked: dict[str, Any]) -> dict[str, Any]:
        (instance,) = asked["InstanceIds"]
        if not taken:
            taken.append(instance)
            (here.machines[instance].folder / "good").write_text("")
            answer = sent(asked)
            del here.fleet.instances[instance]
            here.fleet.launch(f"{workers.name}-worker")
            return answer
        return sent(asked)

    here.shells.send = send_and_take  # type: ignore[method-assign]
    assert workers.roll("workers", NEW_WORKER) == 0
    assert {here.machines[instance].image for instance in here.fleet.instances} == {NEW_WORKER}


@pytest.mark.parametrize("lines", ["", "IMAGE=one\nIMAGE=two\n"])
def test_user_data_with_another_number_of_lines_is_refused(workers: Account, lines: str, capsys: pytest.CaptureFixture[str]) -> None:
    ec2 = workers.front.client("ec2")
    document = {"UserData": base64.b64encode(f"#!/bin/bash\n{lines}".encode()).decode()}
    ec2.create_launch_template_version(LaunchTemplateName=f"{workers.name}-worker", LaunchTemplateData=document)
    ec2.modify_launch_template(LaunchTemplateName=f"{workers.name}-worker", DefaultVersion="2")
    assert workers.roll("workers", NEW_WORKER) == 2
    assert (
        f"version 2 of the launch template: the user data has {lines.count('IMAGE')} lines that begin with IMAGE="
        in capsys.readouterr().err
    )


def test_a_group_that_launches_another_version_than_the_default_is_refused(workers: Account, capsys: pytest.CaptureFixture[str]) -> None:
    group = f"{workers.name}-worker"
    workers.front.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=group, LaunchTemplate={"LaunchTemplateName": group, "Version": "1"}
    )
    assert workers.roll("workers", NEW_WORKER) == 2
    assert "launches '1' of its template, and the roll changes $Default" in capsys.readouterr().err


def test_what_is_not_there_is_named(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert account.roll("workers", NEW_WORKER) == 2
    assert f"no Auto Scaling group {account.name}-worker" in capsys.readouterr().err
    assert account.locks == []


def test_a_worker_without_a_health_check_does_not_pass_for_a_healthy_one(workers: Account) -> None:
    machine = next(iter(workers.front.machines.values()))
    ended = checked(machine, docker="echo 'no health check'")
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (1, "no health check")
    assert checked(machine, docker="echo healthy").returncode == 0


def checked(machine: Machine, *, docker: str) -> subprocess.CompletedProcess[str]:
    (machine.programs / "docker").write_text(f"#!/bin/sh\n{docker}\n")
    return machine.run(HEALTHY.replace("SECONDS", "10"), seconds=10, parameter="")


def test_what_aws_gives_and_does_not_take_is_left_out(workers: Account) -> None:
    shape = workers.front.client("ec2").meta.service_model.shape_for("RequestLaunchTemplateData")
    given = {"MetadataOptions": {"State": "applied", "HttpTokens": "required"}, "SecurityGroupIds": ["sg-1"], "Unheard": 1}
    assert _sendable(given, shape) == {"MetadataOptions": {"HttpTokens": "required"}, "SecurityGroupIds": ["sg-1"]}
