"""What the rehearsal adds to moto for rolls, over the socket: instances that run something, a group that is refreshed, target health."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.rehearse.__main__ import emulator
from deploy.rehearse.account import Account
from deploy.rehearse.world import AMI, BROKEN, FIRST, NEXT

ZONE = "eu-north-1a"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with emulator(tmp_path_factory.mktemp("emulator")) as found:
        yield found


@pytest.fixture
def group(account: Account) -> str:
    """A group of two workers, which is called as its template; the test's own."""
    name = f"group-{uuid.uuid4().hex[:8]}"
    account.client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=template(FIRST["workers"]))
    account.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=2,
        MaxSize=4,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Default"},
        AvailabilityZones=[ZONE],
    )
    return name


def template(image: str) -> dict[str, Any]:
    user_data = base64.b64encode(f"#!/bin/bash\nIMAGE={image}\n".encode()).decode()
    return {"ImageId": AMI, "InstanceType": "t3.micro", "UserData": user_data}


def launches(account: Account, group: str, image: str) -> None:
    """From now on."""
    ec2 = account.client("ec2")
    made = ec2.create_launch_template_version(LaunchTemplateName=group, LaunchTemplateData=template(image))["LaunchTemplateVersion"]
    ec2.modify_launch_template(LaunchTemplateName=group, DefaultVersion=str(made["VersionNumber"]))


def instances(account: Account, group: str) -> dict[str, str]:
    """Each of the group's and the version that it was launched from."""
    (found,) = account.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    return {one["InstanceId"]: one["LaunchTemplate"]["Version"] for one in found["Instances"]}


def says(account: Account, instance: str, script: str) -> dict[str, Any]:
    """How a command on this instance ended."""
    ssm = account.client("ssm")
    parameters = {"commands": [script], "executionTimeout": ["5"]}
    sent = ssm.send_command(InstanceIds=[instance], DocumentName="AWS-RunShellScript", Parameters=parameters)["Command"]["CommandId"]
    with pytest.raises(ClientError, match="InvocationDoesNotExist"):
        ssm.get_command_invocation(CommandId=sent, InstanceId=instance)
    assert ssm.get_command_invocation(CommandId=sent, InstanceId=instance)["Status"] == "InProgress"
    found: dict[str, Any] = ssm.get_command_invocation(CommandId=sent, InstanceId=instance)
    return found


def refreshed(account: Account, group: str) -> str:
    """The status with which a refresh of the group ends."""
    client = account.client("autoscaling")
    made = client.start_instance_refresh(AutoScalingGroupName=group)["InstanceRefreshId"]
    for _ in range(20):
        (found,) = client.describe_instance_refreshes(AutoScalingGroupName=group, InstanceRefreshIds=[made])["InstanceRefreshes"]
        if found["Status"] not in {"Pending", "InProgress"}:
            return str(found["Status"])
        time.sleep(0.01)
    return "for ever"


def test_a_worker_runs_the_image_of_its_user_data(account: Account, group: str) -> None:
    instance = next(iter(instances(account, group)))
    ended = says(account, instance, "docker inspect --format '{{.Config.Image}}' yolo5")
    assert (ended["Status"], ended["StandardOutputContent"].strip()) == ("Success", FIRST["workers"])
    assert says(account, instance, "exit 3")["Status"] == "Failed"
    assert account.looked_into(instance) == FIRST["workers"]


def test_a_site_starts_the_image_that_its_parameter_names(account: Account) -> None:
    ec2, ssm = account.client("ec2"), account.client("ssm")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Service", "Value": "ours"}]}]
    instance = ec2.run_instances(ImageId=AMI, MinCount=1, MaxCount=1, TagSpecifications=tags)["Instances"][0]["InstanceId"]
    ssm.put_parameter(Name="/ours/site/image", Value=FIRST["site"], Type="String")
    assert says(account, instance, "docker inspect polybot")["StandardOutputContent"].strip() == FIRST["site"]
    ssm.put_parameter(Name="/ours/site/image", Value=BROKEN["site"], Type="String", Overwrite=True)
    assert says(account, instance, "/usr/local/bin/polybot-start && curl http://127.0.0.1:8000/readyz")["Status"] == "Failed"
    assert account.looked_into(instance) == BROKEN["site"]


def test_an_instance_that_ended_takes_no_command(account: Account) -> None:
    ec2 = account.client("ec2")
    instance = ec2.run_instances(ImageId=AMI, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[instance])
    with pytest.raises(ClientError, match="InvalidInstanceId"):
        says(account, instance, "true")


def test_a_refresh_replaces_every_instance_by_one_of_the_default_version(account: Account, group: str) -> None:
    before = instances(account, group)
    assert set(before.values()) == {"1"}
    launches(account, group, NEXT["workers"])
    assert instances(account, group) == before, "those that run say what they were launched from"
    assert refreshed(account, group) == "Successful"
    after = instances(account, group)
    assert list(after.values()) == ["2", "2"]
    assert not set(before) & set(after)
    gone = account.client("ec2").describe_instances(InstanceIds=list(before))["Reservations"]
    assert {one["State"]["Name"] for found in gone for one in found["Instances"]} == {"terminated"}


def test_a_refresh_at_a_time_and_none_that_rolls_back_by_itself(account: Account, group: str) -> None:
    client = account.client("autoscaling")
    with pytest.raises(ClientError, match=r"AutoRollback is not supported with .*\$Default"):
        client.start_instance_refresh(AutoScalingGroupName=group, Preferences={"AutoRollback": True})
    client.start_instance_refresh(AutoScalingGroupName=group)
    with pytest.raises(ClientError, match="InstanceRefreshInProgress"):
        client.start_instance_refresh(AutoScalingGroupName=group)
    client.cancel_instance_refresh(AutoScalingGroupName=group)
    found = client.describe_instance_refreshes(AutoScalingGroupName=group)["InstanceRefreshes"]
    assert found[0]["Status"] == "Cancelled"
    with pytest.raises(ClientError, match="ActiveInstanceRefreshNotFound"):
        client.cancel_instance_refresh(AutoScalingGroupName=group)


def test_targets_are_looked_at_when_they_come_and_drain_when_they_leave(account: Account, group: str) -> None:
    elb, instance = account.client("elbv2"), next(iter(instances(account, group)))
    vpc = account.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made = elb.create_target_group(Name=group, Protocol="HTTP", Port=8000, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]

    def state() -> str:
        found = elb.describe_target_health(TargetGroupArn=made, Targets=[{"Id": instance}])["TargetHealthDescriptions"]
        return str(found[0]["TargetHealth"]["State"])

    assert state() == "unused"
    elb.register_targets(TargetGroupArn=made, Targets=[{"Id": instance}])
    assert [state(), state()] == ["initial", "healthy"]
    elb.deregister_targets(TargetGroupArn=made, Targets=[{"Id": instance}])
    assert [state(), state(), state()] == ["draining", "draining", "unused"]
