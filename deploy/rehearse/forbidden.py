"""What no role may: each call here has to be refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from deploy.rehearse.service import ROLES, Service
from deploy.rehearse.world import ACCOUNT, AMI

PREDICTION = {"prediction_id": {"S": "1-1"}}

Call = tuple[str, str, str, dict[str, Any]]  # role, service, operation, arguments


def calls(service: Service, other: str) -> Iterator[Call]:
    """What somebody would try who has got into one of ours. `other` is an instance of another service in the account."""
    yield from _of_worker(service)
    yield from _of_site(service)
    yield "schedule", "sqs", "send_message", {"QueueUrl": service.queue("photos"), "MessageBody": "a task"}
    yield "schedule", "sqs", "receive_message", {"QueueUrl": service.queue("answers")}
    yield from _of_workflow(service, other)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for role in ROLES:
        more = {"RoleName": f"{service.name}-{role}", "PolicyName": role, "PolicyDocument": json.dumps(everything)}
        yield role, "iam", "put_role_policy", more
        yield role, "sts", "assume_role", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{service.name}-workflow", "RoleSessionName": "somebody"}


def _of_worker(service: Service) -> Iterator[Call]:
    name, queue = service.name, service.queue("photos")
    yield "worker", "secretsmanager", "get_secret_value", {"SecretId": f"{name}/telegram-token"}
    yield "worker", "secretsmanager", "get_secret_value", {"SecretId": f"{name}/django-secret-key"}
    yield "worker", "secretsmanager", "get_secret_value", {"SecretId": service.database}
    yield "worker", "ssm", "get_parameter", {"Name": f"/{name}/site/image"}
    yield "worker", "dynamodb", "scan", {"TableName": f"{name}-predictions"}
    yield "worker", "dynamodb", "put_item", {"TableName": f"{name}-predictions", "Item": PREDICTION}
    yield "worker", "dynamodb", "delete_item", {"TableName": f"{name}-predictions", "Key": PREDICTION}
    yield "worker", "dynamodb", "get_item", {"TableName": f"{name}-chats", "Key": {"chat_id": {"N": "1"}}}
    yield "worker", "dynamodb", "put_item", {"TableName": f"{name}-workers", "Item": _in_workers("paused-queues")}
    yield "worker", "dynamodb", "query", {"TableName": f"{name}-workers"} | _asking_for("workers")
    yield "worker", "sqs", "purge_queue", {"QueueUrl": queue}
    yield "worker", "sqs", "receive_message", {"QueueUrl": f"{queue}-dead"}
    yield "worker", "sqs", "delete_message", {"QueueUrl": f"{queue}-dead", "ReceiptHandle": "x"}
    yield "worker", "autoscaling", "set_desired_capacity", {"AutoScalingGroupName": f"{name}-worker", "DesiredCapacity": 4}


def _of_site(service: Service) -> Iterator[Call]:
    name, queue = service.name, service.queue("photos")
    yield "site", "sqs", "receive_message", {"QueueUrl": queue}
    yield "site", "sqs", "delete_message", {"QueueUrl": queue, "ReceiptHandle": "x"}
    yield "site", "sqs", "send_message", {"QueueUrl": f"{queue}-dead", "MessageBody": "a letter"}
    yield "site", "sqs", "purge_queue", {"QueueUrl": f"{queue}-dead"}
    yield "site", "dynamodb", "scan", {"TableName": f"{name}-predictions"}
    yield "site", "dynamodb", "delete_table", {"TableName": f"{name}-chats"}
    yield "site", "dynamodb", "put_item", {"TableName": f"{name}-workers", "Item": _in_workers("workers")}
    yield "site", "dynamodb", "delete_item", {"TableName": f"{name}-workers", "Key": _in_workers("workers")}
    yield "site", "cloudwatch", "put_metric_data", {"Namespace": "another", "MetricData": [{"MetricName": "x", "Value": 1}]}
    yield "site", "secretsmanager", "put_secret_value", {"SecretId": f"{name}/telegram-token", "SecretString": "another bot's"}
    yield "site", "secretsmanager", "get_secret_value", {"SecretId": f"{name}/certificate"}
    yield "site", "ssm", "put_parameter", {"Name": f"/{name}/site/image", "Value": "another image", "Overwrite": True}
    yield "site", "s3", "delete_bucket", {"Bucket": service.bucket}
    yield "site", "iam", "list_roles", {}


def _of_workflow(service: Service, other: str) -> Iterator[Call]:
    name = service.name
    script = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["id"]}}
    yield "workflow", "secretsmanager", "get_secret_value", {"SecretId": f"{name}/telegram-token"}
    yield "workflow", "ssm", "put_parameter", {"Name": "/another/image", "Value": "x", "Type": "String"}
    yield "workflow", "ssm", "get_parameter_history", {"Name": f"/{name}/roll/site"}
    yield "workflow", "ssm", "delete_parameter", {"Name": f"/{name}/site/image"}
    yield "workflow", "ssm", "send_command", script | {"InstanceIds": [other]}
    yield "workflow", "ssm", "send_command", {"DocumentName": "AWS-RunRemoteScript", "InstanceIds": [service.instance]}
    yield "workflow", "autoscaling", "start_instance_refresh", {"AutoScalingGroupName": "another"}
    yield "workflow", "autoscaling", "rollback_instance_refresh", {"AutoScalingGroupName": f"{name}-worker"}
    yield "workflow", "ec2", "modify_launch_template", {"LaunchTemplateId": "lt-0123456789abcdef0", "DefaultVersion": "1"}
    yield "workflow", "ec2", "run_instances", {"ImageId": AMI, "MinCount": 1, "MaxCount": 1}
    yield "workflow", "ec2", "terminate_instances", {"InstanceIds": [service.instance]}
    yield "workflow", "iam", "create_user", {"UserName": "somebody"}


def _in_workers(partition: str) -> dict[str, Any]:
    return {"registry": {"S": partition}, "worker": {"S": "somebody"}}


def _asking_for(partition: str) -> dict[str, Any]:
    return {"KeyConditionExpression": "registry = :wanted", "ExpressionAttributeValues": {":wanted": {"S": partition}}}


def permitted(service: Service) -> tuple[int, list[str]]:
    """How many were tried, and those that were not refused."""
    with _another_services_instance(service) as other:
        tried = list(calls(service, other))
        return len(tried), [
            f"{role} {of}:{operation} {arguments}"
            for role, of, operation, arguments in tried
            if not _refused(service, role, of, operation, arguments)
        ]


@contextmanager
def _another_services_instance(service: Service) -> Iterator[str]:
    ec2 = service.account.client("ec2")
    tags = [{"Key": "Service", "Value": "another"}, {"Key": "Side", "Value": "site"}]
    of_it = [{"ResourceType": "instance", "Tags": tags}]
    made = ec2.run_instances(ImageId=AMI, MinCount=1, MaxCount=1, TagSpecifications=of_it)["Instances"][0]["InstanceId"]
    yield made
    ec2.terminate_instances(InstanceIds=[made])


def _refused(service: Service, role: str, of: str, operation: str, arguments: dict[str, Any]) -> bool:
    call: Callable[..., Any] = getattr(service.account.client(of, service.credentials[role]), operation)
    try:
        call(**arguments)
    except ClientError as error:
        # EC2 and the services that speak its protocol say so by name, the others by the status alone.
        refused = error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        return refused or error.response["Error"]["Code"] in {"AccessDenied", "AuthFailure", "UnauthorizedOperation"}
    return False
