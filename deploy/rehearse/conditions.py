"""Conditions of statements: the keys that ours name, as a call has them, and whether they are met."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends

# All that comes to the emulator counts as come by TLS.
ALWAYS = {"aws:SecureTransport": "true"}


def of(request: Any, resource: str) -> dict[str, str]:
    """Key → value, of this call (moto's request) on this resource."""
    # moto has no other way to what was called than these.
    action, account, region = request._action, request.account_id, request._region  # noqa: SLF001
    if action == "ssm:SendCommand" and ":instance/" in resource:
        instance = ec2_backends[account][region].get_instance(resource.rpartition("/")[2])
        return ALWAYS | {f"ssm:resourceTag/{tag['key']}": tag["value"] for tag in instance.get_tags()}
    if action.startswith("dynamodb:") and "TableName" in (body := json.loads(request._body)):  # noqa: SLF001
        key = dynamodb_backends[account][region].tables[body["TableName"]].hash_key_attr
        leading = _leading(body, key)
        return ALWAYS | ({"dynamodb:LeadingKeys": leading} if leading else {})
    if action == "cloudwatch:PutMetricData":
        return ALWAYS | {"cloudwatch:namespace": str(json.loads(request._body)["Namespace"])}  # noqa: SLF001
    return ALWAYS


def met(condition: Mapping[str, Mapping[str, str | list[str]]], context: Mapping[str, str]) -> bool:
    """Whether all of it is. Raises NotImplementedError for an operator that none of our statements has.

    >>> met({"StringEquals": {"a": ["x", "y"]}}, {"a": "y"}), met({"StringEquals": {"a": "x"}}, {})
    (True, False)
    >>> met({"ForAllValues:StringEquals": {"a": "x"}}, {})
    True
    """
    for operator, keys in condition.items():
        if operator not in {"Bool", "StringEquals", "ForAllValues:StringEquals"}:
            raise NotImplementedError(operator)
        for key, wanted in keys.items():
            there = context.get(key)
            if there is None and operator.startswith("ForAllValues:"):  # AWS: also where there are none
                continue
            if there not in ([wanted] if isinstance(wanted, str) else wanted):
                return False
    return True


def _leading(body: dict[str, Any], key: str) -> str:
    """The value of the hash key that an item is written under, or that a Query asks for; empty where there is none."""
    item = body.get("Item", body.get("Key"))
    if item is None:
        asked = re.search(r"([\w#]+) = (:\w+)", body.get("KeyConditionExpression", ""))
        named = asked and body.get("ExpressionAttributeNames", {}).get(asked[1], asked[1])
        item = {named: body["ExpressionAttributeValues"][asked[2]]} if asked else {}
    return str(next(iter(item.get(key, {"": ""}).values())))
