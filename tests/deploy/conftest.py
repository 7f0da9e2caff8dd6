"""An account on moto with a site of two instances and a group of workers, behind the front that models what moto lacks."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.roll.__main__ import main
from deploy.roll.pace import Pace
from tests.deploy import front
from tests.deploy.front import Door, Front

OLD, NEW = (f"me/{{}}@sha256:{digit * 64}" for digit in "ab")
OLD_SITE, NEW_SITE, OLD_WORKER, NEW_WORKER = OLD.format("polybot"), NEW.format("polybot"), OLD.format("yolo5"), NEW.format("yolo5")
USER_DATA = f"#!/bin/bash\nset -eu\nIMAGE={OLD_WORKER}\ndocker run $IMAGE\n"
QUICK = Pace(poll=0.01, reach=1, drain=5, serve=0.3, boot=0.3, refresh=10, back=10, checkpoint=1)
AMI = "ami-12c6146b"  # moto knows it


@dataclass(frozen=True)
class Account:
    """Names and clients of what a test rolls."""

    front: Front
    name: str

    def roll(self, side: str, image: str, *options: str, pace: Pace = QUICK) -> int:
        return main([side, "--image", image, "--name", self.name, *options], pace)

    @property
    def images(self) -> list[str]:
        """What the instances run, one after the other."""
        return [machine.image for machine in self.front.machines.values()]

    @property
    def parameter(self) -> str:
        return self.front.parameter(f"/{self.name}/site/image")

    @property
    def locks(self) -> list[str]:
        found = self.front.client("ssm").describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": [f"/{self.name}/roll"]}]
        )
        return [one["Name"] for one in found["Parameters"]]

    def default(self) -> dict[str, Any]:
        """The launch template's default version."""
        versions = self.front.client("ec2").describe_launch_template_versions
        found: dict[str, Any] = versions(LaunchTemplateName=f"{self.name}-worker", Versions=["$Default"])["LaunchTemplateVersions"][0]
        return found


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    # One address for all tests, so that deploy.aws makes each of its clients once.
    with front.door() as found:
        yield found


@pytest.fixture
def account(moto: str, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Empty, with a name of its own; this process's AWS is the front."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", door.url)
    door.front = Front(moto, tmp_path)
    yield Account(door.front, f"t{uuid.uuid4().hex[:8]}")
    door.front = None


@pytest.fixture
def site(account: Account) -> Account:
    """Two instances that run the old image, in both target groups."""
    here = account.front
    here.site = account.name
    ec2, elb, ssm = (here.client(service) for service in ("ec2", "elbv2", "ssm"))
    ssm.put_parameter(Name=f"/{account.name}/site/image", Value=OLD_SITE, Type="String")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    groups = [
        elb.create_target_group(Name=f"{account.name}-{side}", Protocol="HTTP", Port=8000, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
        for side in ("public", "internal")
    ]
    for zone in "ab":
        tags = {"Service": account.name, "Side": "site", "Name": f"{account.name}-site-{zone}"}
        instance = ec2.run_instances(ImageId=AMI, MinCount=1, MaxCount=1, TagSpecifications=[_tagged(tags)])["Instances"][0]["InstanceId"]
        here.machine(instance, OLD_SITE, good=(OLD_SITE, NEW_SITE))
        for group in groups:
            elb.register_targets(TargetGroupArn=group, Targets=[{"Id": instance}])
            here.targets.note("RegisterTargets", {"TargetGroupArn": group, "Targets.member.1.Id": instance})
    here.targets.settled()
    here.targets.history.clear()
    return account


@pytest.fixture
def workers(account: Account) -> Account:
    """A group of four, which run the old image."""
    here, group = account.front, f"{account.name}-worker"
    ec2 = here.client("ec2")
    document = {
        "ImageId": AMI,
        "InstanceType": "c7i.large",
        "UserData": base64.b64encode(USER_DATA.encode()).decode(),
        "IamInstanceProfile": {"Name": group},
        "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True, "DeleteOnTermination": True, "Groups": ["sg-1"]}],
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        "Monitoring": {"Enabled": True},
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp3", "VolumeSize": 16, "Encrypted": True}}],
        "TagSpecifications": [_tagged({"Service": account.name, "Side": "worker"})],
        "InstanceMarketOptions": {"MarketType": "spot"},
    }
    ec2.create_launch_template(LaunchTemplateName=group, LaunchTemplateData=document)
    here.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=group,
        MinSize=0,  # moto launches none: the front models them
        MaxSize=8,
        LaunchTemplate={"LaunchTemplateName": group, "Version": "$Default"},
        VPCZoneIdentifier=ec2.describe_subnets()["Subnets"][0]["SubnetId"],
    )
    here.fleet.good = (OLD_WORKER, NEW_WORKER)
    for _ in range(4):
        here.fleet.launch(group)
    return account


def _tagged(tags: dict[str, str]) -> dict[str, Any]:
    return {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
