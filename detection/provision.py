"""Make the bucket, queues and tables where they are missing: for one machine and for tests. On AWS, Terraform makes them."""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from pynamodb.models import Model

from detection import aws, config, table
from taskqueue import clients
from taskqueue.config import MAX_RECEIVES, VISIBILITY_SECONDS
from taskqueue.registry import create_table

_DEAD_LETTER_SECONDS = 14 * 24 * 3600


def provision() -> list[str]:
    """Make what is missing of what the configuration names; returns what was made. What is there is left as it is."""
    made = [_bucket(config.shared().photos_bucket)]
    made += [_queue(urlsplit(url).path.rsplit("/", 1)[1]) for url in config.shared().queue_urls.values()]
    made += [_table(model) for model in table.all_tables()]
    made += [_registry(config.shared().workers_table)]
    return [name for name in made if name]


def _bucket(name: str) -> str | None:
    with aws.translated(f"making the bucket {name}"):
        try:
            aws.s3().head_bucket(Bucket=name)
        except ClientError:
            region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
            # us-east-1 is the one region that refuses to be named here
            where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            aws.s3().create_bucket(Bucket=name, **where)  # type: ignore[arg-type]  # the stub wants a literal region
            return f"bucket {name}"
    return None


def _queue(name: str) -> str | None:
    with aws.translated(f"making the queue {name}"):
        if _queue_url(name):
            return None
        dead = aws.sqs().create_queue(QueueName=f"{name}-dead", Attributes={"MessageRetentionPeriod": str(_DEAD_LETTER_SECONDS)})[
            "QueueUrl"
        ]
        arn = aws.sqs().get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES}
        attributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS), "RedrivePolicy": json.dumps(redrive)}
        aws.sqs().create_queue(QueueName=name, Attributes=attributes)  # type: ignore[arg-type]
        return f"queue {name}"


def _queue_url(name: str) -> str | None:
    try:
        return aws.sqs().get_queue_url(QueueName=name)["QueueUrl"]
    except aws.sqs().exceptions.QueueDoesNotExist:
        return None


def _registry(name: str) -> str | None:
    with aws.translated(f"making the table {name}"):
        return f"table {name}" if create_table(clients.make("dynamodb"), name) else None


def _table(model: type[Model]) -> str | None:
    with aws.translated(f"making the table {model.Meta.table_name}"):
        if model.exists():
            return None
        model.create_table(wait=True)
        return f"table {model.Meta.table_name}"
