"""What no role may: each call here has to be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from deploy.rehearse.service import Service

Call = tuple[str, str, str, dict[str, Any]]  # role, service, operation, arguments


def calls(service: Service) -> Iterator[Call]:
    """What somebody would try who has got into one of ours."""
    name, queue = service.name, service.told["site"]["PHOTOS_QUEUE_URL"]
    key = {"prediction_id": {"S": "1-1"}}
    yield "worker", "secretsmanager", "get_secret_value", {"SecretId": f"{name}/telegram-token"}
    yield "worker", "secretsmanager", "get_secret_value", {"SecretId": f"{name}/django-secret-key"}
    yield "worker", "ssm", "get_parameter", {"Name": f"/{name}/site/image"}
    yield "worker", "dynamodb", "scan", {"TableName": f"{name}-predictions"}
    yield "worker", "dynamodb", "delete_item", {"TableName": f"{name}-predictions", "Key": key}
    yield "worker", "sqs", "purge_queue", {"QueueUrl": queue}
    yield "worker", "autoscaling", "set_desired_capacity", {"AutoScalingGroupName": f"{name}-worker", "DesiredCapacity": 4}
    yield "site", "sqs", "receive_message", {"QueueUrl": queue}
    yield "site", "sqs", "send_message", {"QueueUrl": f"{queue}-dead", "MessageBody": "a letter"}
    yield "site", "dynamodb", "scan", {"TableName": f"{name}-predictions"}
    yield "site", "dynamodb", "delete_table", {"TableName": f"{name}-chats"}
    yield "site", "secretsmanager", "put_secret_value", {"SecretId": f"{name}/telegram-token", "SecretString": "another bot's"}
    yield "site", "secretsmanager", "get_secret_value", {"SecretId": f"{name}/certificate"}
    yield "site", "ssm", "put_parameter", {"Name": f"/{name}/site/image", "Value": "another image", "Overwrite": True}
    yield "site", "s3", "delete_bucket", {"Bucket": service.told["site"]["PHOTOS_BUCKET"]}
    yield "site", "iam", "list_roles", {}
    yield "schedule", "sqs", "send_message", {"QueueUrl": queue, "MessageBody": "a task"}
    yield "workflow", "secretsmanager", "get_secret_value", {"SecretId": f"{name}/telegram-token"}
    yield "workflow", "ssm", "put_parameter", {"Name": "/another/image", "Value": "x", "Type": "String"}
    yield "workflow", "ec2", "run_instances", {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}
    yield "workflow", "iam", "create_user", {"UserName": "somebody"}


def permitted(service: Service) -> tuple[int, list[str]]:
    """How many were tried, and those that were not refused."""
    tried = list(calls(service))
    return len(tried), [
        f"{role} {of}:{operation} {arguments}"
        for role, of, operation, arguments in tried
        if not _refused(service, role, of, operation, arguments)
    ]


def _refused(service: Service, role: str, of: str, operation: str, arguments: dict[str, Any]) -> bool:
    call: Callable[..., Any] = getattr(service.account.client(of, service.credentials[role]), operation)
    try:
        call(**arguments)
    except ClientError as error:
        # EC2 and the services that speak its protocol say so by name, the others by the status alone.
        refused = error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        return refused or error.response["Error"]["Code"] in {"AccessDenied", "AuthFailure", "UnauthorizedOperation"}
    return False
