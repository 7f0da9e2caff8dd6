"""Tables and queues as Terraform makes them are those that the product makes itself (`python -m detection provision`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy import terraforming
from deploy.rehearse.world import LOCAL, environment, variables
from detection import aws, config
from taskqueue import clients
from tests.clouds import Cloud
from tests.deploy.terraform import prepared

TABLES = ("predictions", "chats", "counters", "workers")
QUEUES = ("photos", "photos-bulk", "answers")
TARGETS = (
    "aws_dynamodb_table.predictions",
    "aws_dynamodb_table.of",
    "aws_dynamodb_table.workers",
    "aws_sqs_queue.of",
    "aws_sqs_queue.dead",
)
NAME = "compared"


@pytest.mark.timeout(300)  # for each queue Terraform waits 25 s, whatever it is told
@pytest.mark.parametrize("cloud", ["moto"], indirect=True)
def test_tables_and_queues_are_the_products_own(cloud: Cloud, tmp_path: Path) -> None:
    place = prepared(tmp_path, override=LOCAL, backend=True)
    options = [f"-var={name}={value}" for name, value in (variables() | {"name": NAME}).items()]
    targets = [f"-target={target}" for target in TARGETS]
    terraforming.run("apply", "-auto-approve", "-parallelism=20", *options, *targets, place=place, environment=environment(cloud.endpoint))

    for table in TABLES:
        assert _table(f"{NAME}-{table}") == _table(f"{config.shared().table_prefix}-{table}"), table
    for queue in QUEUES:
        assert _queue(f"{NAME}-{queue}") == _queue(str(config.shared().queue_urls[queue]).rsplit("/", 1)[1]), queue


def _table(name: str) -> dict[str, Any]:
    client = clients.make("dynamodb")
    found = client.describe_table(TableName=name)["Table"]
    indexes = [
        (one["IndexName"], one["KeySchema"], one["Projection"]["ProjectionType"], sorted(one["Projection"].get("NonKeyAttributes", [])))
        for one in found.get("GlobalSecondaryIndexes", [])
    ]
    return {
        "key": found["KeySchema"],
        "attributes": sorted((one["AttributeName"], one["AttributeType"]) for one in found["AttributeDefinitions"]),
        "indexes": sorted(indexes, key=lambda index: str(index[0])),
        "billing": found["BillingModeSummary"]["BillingMode"],
        "ttl": client.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
    }


def _queue(name: str) -> tuple[Any, ...]:
    url = aws.sqs().get_queue_url(QueueName=name)["QueueUrl"]
    found = aws.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(found["RedrivePolicy"])
    dead_url = aws.sqs().get_queue_url(QueueName=redrive["deadLetterTargetArn"].rsplit(":", 1)[1])["QueueUrl"]
    dead = aws.sqs().get_queue_attributes(QueueUrl=dead_url, AttributeNames=["MessageRetentionPeriod"])["Attributes"]
    return (
        found["VisibilityTimeout"],
        found["MessageRetentionPeriod"],
        redrive["maxReceiveCount"],
        dead["MessageRetentionPeriod"],
        redrive["deadLetterTargetArn"].endswith(f":{name}-dead"),
    )
