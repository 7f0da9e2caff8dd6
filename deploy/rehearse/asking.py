"""Permissions in moto, asked as AWS asks them.

- For each resource: moto asks most of them for "*", so that a statement that names a resource would permit nothing. AWS also asks for each
  part of a DynamoDB transaction, for each table of a batch, for both ways to delete where a version is deleted, and for the right to list
  where a photo is not there; and it knows no actions for batches of SQS.
- A statement whose condition isn't met says nothing. moto knows none of the keys that our statements name (`conditions`).

What was permitted is written down, so that a rehearsal can tell which permissions nobody used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from moto.ec2.models import ec2_backends
from moto.iam import access_control
from moto.iam.access_control import PermissionResult
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from deploy.rehearse import conditions

# AWS asks for the permission of the second where somebody calls the first.
SAME = {"s3:HeadBucket": "s3:ListBucket", "s3:HeadObject": "s3:GetObject", "monitoring:PutMetricData": "cloudwatch:PutMetricData"}

_asked = access_control.IAMRequestBase.check_action_permitted
_judged = access_control.IAMPolicyStatement.is_action_permitted
_context: ContextVar[dict[str, str]] = ContextVar("context", default=conditions.ALWAYS)


def patch(written: Path) -> None:
    """Have this process's moto ask so. A line `who action resource` in this file for each that was permitted."""
    seen: set[str] = set()

    def check(self: access_control.IAMRequestBase, resource: str) -> None:
        for action, named in _needed(self, resource):
            self._action = action
            token = _context.set(conditions.of(self, named))
            try:
                _asked(self, named)
            finally:
                _context.reset(token)
            line = f"{self._access_key.arn} {action} {named}\n"
            if line not in seen:
                seen.add(line)
                with written.open("a") as file:
                    file.write(line)

    access_control.IAMRequestBase.check_action_permitted = check  # type: ignore[method-assign]
    access_control.IAMPolicyStatement.is_action_permitted = _judge  # type: ignore[method-assign, assignment]


def _judge(
    self: access_control.IAMPolicyStatement,
    action: str,
    resource: str = "*",
    principal: str | None = None,
    values: dict[str, str] | None = None,
) -> PermissionResult:
    condition = self._statement.get("Condition")
    if not condition or principal:  # whom a role trusts is moto's own to judge
        return _judged(self, action, resource, principal, values)
    if not conditions.met(condition, _context.get()):
        return PermissionResult.NEUTRAL
    bare = {name: value for name, value in self._statement.items() if name != "Condition"}
    return _judged(access_control.IAMPolicyStatement(bare), action, resource)


def _needed(request: Any, resource: str) -> Iterator[tuple[str, str]]:
    """Each action and resource that AWS would ask permission for."""
    # moto has no other way to what was called than these.
    whole, about = request._action, f"{request._region}:{request.account_id}"  # noqa: SLF001
    service, _, action = whole.partition(":")
    match service:
        case "dynamodb":
            yield from _of_dynamodb(action, _body(request), f"arn:aws:dynamodb:{about}:table/")
        case "sqs":
            named = _body(request).get("QueueName")
            yield f"sqs:{action.removesuffix('Batch')}", f"arn:aws:sqs:{about}:{named}" if named else resource
        case "s3":
            yield from _of_s3(request, action, resource)
        case "secretsmanager":
            yield whole, _secret(request, str(_body(request).get("SecretId", "*")))
        case "ssm":
            yield from ((whole, named) for named in _of_ssm(_body(request), about))
        case "autoscaling" | "elasticloadbalancing" | "ec2":
            yield whole, _of_query(request._data, action, about)  # noqa: SLF001
        case _:
            yield SAME.get(whole, whole), resource


def _of_s3(request: Any, action: str, resource: str) -> Iterator[tuple[str, str]]:
    bucket, _, key = resource.partition("/")
    if action == "DeleteObject" and not key:  # several at once, which moto asks of the bucket
        yield "s3:DeleteObject", f"{resource}/any"
        if b"<VersionId>" in request._body:  # noqa: SLF001
            yield "s3:DeleteObjectVersion", f"{resource}/any"
        return
    if action in {"GetObject", "HeadObject"} and not _is_there(request.account_id, bucket, key):
        yield "s3:ListBucket", bucket  # without, S3 says 403 of what is not there, and not 404
    yield SAME.get(f"s3:{action}", f"s3:{action}"), resource


def _is_there(account: str, bucket: str, key: str) -> bool:
    return s3_backends[account]["aws"].head_object(bucket.rpartition(":")[2], unquote(key)) is not None


def _of_ssm(body: dict[str, Any], about: str) -> Iterator[str]:
    region, account = about.split(":")
    if "DocumentName" in body:
        yield f"arn:aws:ssm:{region}::document/{body['DocumentName']}"
        yield from (f"arn:aws:ec2:{region}:{account}:instance/{instance}" for instance in body["InstanceIds"])
    else:
        yield f"arn:aws:ssm:{about}:parameter{body['Name']}" if "Name" in body else "*"


def _of_query(data: dict[str, list[str]], action: str, about: str) -> str:
    """Where AWS knows a resource for the action, and we name it in a statement."""
    region, account = about.split(":")
    match data:
        case _ if action.startswith("Describe"):
            return "*"
        case {"AutoScalingGroupName": [group]}:
            return f"arn:aws:autoscaling:{about}:autoScalingGroup:any:autoScalingGroupName/{group}"
        case {"LaunchTemplateId": [template]}:
            return f"arn:aws:ec2:{about}:launch-template/{template}"
        case {"LaunchTemplateName": [name]}:
            template = ec2_backends[account][region].get_launch_template_by_name(name).id
            return f"arn:aws:ec2:{about}:launch-template/{template}"
        case {"TargetGroupArn": [group]}:
            return group
    return "*"


def _of_dynamodb(action: str, body: dict[str, Any], tables: str) -> Iterator[tuple[str, str]]:
    if action == "TransactWriteItems":
        for item in body["TransactItems"]:
            for kind, part in item.items():
                yield f"dynamodb:{kind.removesuffix('Item')}Item", tables + part["TableName"]
    elif "RequestItems" in body:
        yield from ((f"dynamodb:{action}", tables + table) for table in body["RequestItems"])
    elif "TableName" in body:
        index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
        yield f"dynamodb:{action}", tables + body["TableName"] + index
    else:
        yield f"dynamodb:{action}", "*"


def _secret(request: Any, named: str) -> str:
    """The ARN of a secret that is named by its name or its ARN."""
    known = secretsmanager_backends[request.account_id][request._region].secrets  # noqa: SLF001
    return next((secret.arn for secret in known.values() if named in (secret.name, secret.arn)), named)


def _body(request: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request._body or b"{}")  # noqa: SLF001
    return found
