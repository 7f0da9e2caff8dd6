"""The emulated account: who may what in it, and what is left in it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from deploy.rehearse.world import REGION, Credentials

# A policy has one statement at least; this one permits nothing.
_NOTHING = {"Sid": "Nothing", "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)


@dataclass(frozen=True)
class Account:
    """The account at `endpoint`, as its administrator sees it."""

    endpoint: str
    own: Path  # what the emulator keeps (deploy/rehearse/emulator.py)
    administrator: Credentials = field(default_factory=Credentials)

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A client with these credentials, or with the administrator's."""
        return _client(self.endpoint, service, credentials or self.administrator)

    def with_administrator(self) -> Account:
        """The same account, with a user that may do everything: needed as soon as anything is forbidden."""
        iam = self.client("iam")
        iam.create_user(UserName="administrator")
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_user_policy(UserName="administrator", PolicyName="everything", PolicyDocument=json.dumps(everything))
        key = iam.create_access_key(UserName="administrator")["AccessKey"]
        return Account(self.endpoint, self.own, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))

    def assumed(self, role: str) -> Credentials:
        """Keys of this role, as an instance of it has them. To be asked for before `enforce`: no user of ours is trusted by it."""
        arn = self.client("iam").get_role(RoleName=role)["Role"]["Arn"]
        got = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="rehearsal")["Credentials"]
        return Credentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])

    def enforce(self, *, on: bool) -> None:
        """Have moto ask from now on whether who calls may."""
        # As text: of a form moto would take the fields apart.
        head = {"Content-Type": "text/plain"}
        to = f"{self.endpoint}/moto-api/reset-auth"
        request = urllib.request.Request(to, data=b"0" if on else b"inf", headers=head, method="POST")  # noqa: S310  # ours
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310

    def statements(self, role: str, policy: str) -> list[dict[str, Any]]:
        """Those of a role's policy, in its order."""
        found: list[dict[str, Any]] = self._policy(role, policy)["Statement"]
        return found

    def asked(self) -> set[tuple[str, str, str]]:
        """Role, action and resource of all that was permitted while permissions were asked for."""
        lines = (self.own / "asked").read_text().splitlines()
        return {(who.split("/")[1], action, on) for who, action, on in (line.split(" ", 2) for line in lines) if ":assumed-role/" in who}

    def looked_into(self, instance: str) -> str:
        """The image that an instance's container runs; empty where nobody has looked into it before."""
        container = self.own / "machines" / instance / "container"
        return container.read_text().strip() if container.exists() else ""

    @contextmanager
    def without(self, role: str, policy: str, sid: str) -> Iterator[None]:
        """The role lacks this statement meanwhile."""
        whole = self._policy(role, policy)
        rest = [statement for statement in whole["Statement"] if statement["Sid"] != sid]
        self._put(role, policy, whole | {"Statement": rest or [_NOTHING]})
        try:
            yield
        finally:
            self._put(role, policy, whole)

    def _policy(self, role: str, policy: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        return found

    def _put(self, role: str, policy: str, document: dict[str, Any]) -> None:
        self.client("iam").put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))

    def left(self, name: str) -> list[str]:
        """What is in the account of the service `name`, by what it is called; empty after it was taken down."""
        found: list[str] = []
        for service, operation, key, called in _LISTED:
            answer = getattr(self.client(service), operation)()
            found += [f"{service} {_called(one, called)}" for one in answer.get(key, [])]
        return [one for one in found if name in one]


@cache
def _client(endpoint: str, service: str, who: Credentials) -> Any:
    session = boto3.session.Session(who.key, who.secret, who.token or None, REGION)
    return session.client(service, endpoint_url=endpoint, config=ONCE)  # type: ignore[call-overload]


_LISTED = (
    ("s3", "list_buckets", "Buckets", "Name"),
    ("dynamodb", "list_tables", "TableNames", ""),
    ("sqs", "list_queues", "QueueUrls", ""),
    ("secretsmanager", "list_secrets", "SecretList", "Name"),
    ("ssm", "describe_parameters", "Parameters", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"),
    ("autoscaling", "describe_policies", "ScalingPolicies", "PolicyName"),
    ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupName"),
    ("ec2", "describe_vpcs", "Vpcs", "Tags"),
    ("ec2", "describe_subnets", "Subnets", "Tags"),
    ("ec2", "describe_route_tables", "RouteTables", "Tags"),
    ("ec2", "describe_internet_gateways", "InternetGateways", "Tags"),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("scheduler", "list_schedules", "Schedules", "Name"),
)


def _called(one: Any, field: str) -> str:
    return str(one[field] if field else one) if not isinstance(one, dict) or field in one else ""
