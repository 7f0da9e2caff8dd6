"""The calls of which a roll consists, made with the workflow's role. A flow is True where all of its calls were permitted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from botocore.exceptions import ClientError

from deploy.rehearse.service import Service

Flow = Callable[[Service], bool]


def _permitted(calls: Callable[[Callable[[str], Any], Service], None]) -> Flow:
    """`calls` gets a maker of clients with the role."""

    @wraps(calls)
    def flow(service: Service) -> bool:
        try:
            calls(lambda of: service.account.client(of, service.credentials["workflow"]), service)
        except ClientError as error:
            if "AccessDenied" in str(error) or "UnauthorizedOperation" in str(error):
                return False
            raise
        return True

    return flow


@_permitted
def locks_and_unlocks(client: Callable[[str], Any], service: Service) -> None:
    lock = f"/{service.name}/roll/site"
    try:
        client("ssm").put_parameter(Name=lock, Value="somebody", Type="String")
        client("ssm").get_parameter(Name=lock)
        client("ssm").delete_parameter(Name=lock)
    finally:  # by the administrator, where the role may not
        service.account.client("ssm").delete_parameters(Names=[lock])


@_permitted
def takes_a_site_out_and_in(client: Callable[[str], Any], service: Service) -> None:
    wanted = [{"Name": "tag:Service", "Values": [service.name]}, {"Name": "tag:Side", "Values": ["site"]}]
    instance = client("ec2").describe_instances(Filters=wanted)["Reservations"][0]["Instances"][0]["InstanceId"]
    group = client("elbv2").describe_target_groups(Names=[f"{service.name}-public"])["TargetGroups"][0]["TargetGroupArn"]
    targets = {"TargetGroupArn": group, "Targets": [{"Id": instance, "Port": 8000}]}
    try:
        client("elbv2").deregister_targets(**targets)
        client("ssm").send_command(InstanceIds=[instance], DocumentName="AWS-RunShellScript", Parameters={"commands": ["polybot-start"]})
        client("elbv2").register_targets(**targets)
    finally:  # by the administrator, where the role may not
        service.account.client("elbv2").register_targets(**targets)
    client("elbv2").describe_target_health(TargetGroupArn=group)


@_permitted
def makes_a_version_the_default(client: Callable[[str], Any], service: Service) -> None:
    """The same document once more: a rehearsed roll changes nothing that a plan could find."""
    ec2 = client("ec2")
    (now,) = ec2.describe_launch_template_versions(LaunchTemplateName=f"{service.name}-worker", Versions=["$Default"])[
        "LaunchTemplateVersions"
    ]
    made = ec2.create_launch_template_version(LaunchTemplateId=now["LaunchTemplateId"], LaunchTemplateData=now["LaunchTemplateData"])
    version = str(made["LaunchTemplateVersion"]["VersionNumber"])
    ec2.modify_launch_template(LaunchTemplateId=now["LaunchTemplateId"], DefaultVersion=version)


ROLL: tuple[Flow, ...] = (locks_and_unlocks, takes_a_site_out_and_in, makes_a_version_the_default)
