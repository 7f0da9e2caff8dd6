"""What the service does on its account by itself, a flow for each way that it can break. A flow is True where it worked."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from urllib.error import HTTPError

from botocore.exceptions import ClientError

from deploy.rehearse.processes import Running, wait_until
from deploy.rehearse.service import Service
from deploy.terraforming import HERE

ANSWER_SECONDS = 12
LINE_SECONDS = 8
BEAT_SECONDS = 14  # a worker writes to the registry every ten
METRICS_SECONDS = 80

Flow = Callable[[Service], bool]
WorkerFlow = Callable[[Service, Running], bool]


def takes_a_photo(service: Service) -> bool:
    """The webhook answers 200 only when S3, tables and queue have it."""
    chat = service.telegram.new_chat()
    service.telegram.send_photo(chat)
    return service.telegram.deliver(chat, service.webhook) == 200


def starts_the_site(service: Service) -> bool:
    """What polybot-start asks for (tests/deploy/test_user_data.py records it)."""
    client = service.account.client("ssm", service.credentials["site"])
    with suppress(ClientError):
        return bool(client.get_parameter(Name=f"/{service.name}/site/image")) and len(service.secrets("site")) == 5
    return False


def is_ready(service: Service) -> bool:
    """What load balancers ask: bucket, table and queue are there."""
    try:
        with urllib.request.urlopen(f"{service.address}/readyz", timeout=20) as answer:  # noqa: S310  # ours
            return bool(answer.status == 200)
    except HTTPError:
        return False


def watches(service: Service) -> bool:
    """What polybot-watch calls."""
    who = service.credentials["site"]
    value = {":shard": {"N": "0"}}
    with suppress(ClientError):
        service.account.client("dynamodb", who).query(
            TableName=f"{service.name}-predictions",
            IndexName="open",
            Select="COUNT",
            KeyConditionExpression="open_shard = :shard",
            ExpressionAttributeValues=value,
        )
        metric = {"MetricName": "OpenPredictions", "Value": 0}
        service.account.client("cloudwatch", who).put_metric_data(Namespace=service.name, MetricData=[metric])
        return True
    return False


def answers_a_photo(service: Service, _: Running) -> bool:
    chat = service.telegram.new_chat()
    service.telegram.send_photo(chat)
    return wait_until(lambda: service.telegram.answers(chat), seconds=ANSWER_SECONDS)


def reconciles(service: Service, worker: Running) -> bool:
    """EventBridge's message, sent with EventBridge's role."""
    before = worker.output().count("reconcile done")
    # One that was refused something on its way holds its lease for 50 s.
    lease = {"name": {"S": "lease#reconcile"}}
    service.account.client("dynamodb").delete_item(TableName=f"{service.name}-counters", Key=lease)
    with suppress(ClientError):
        send(service, "schedule", "answers", message())
        return wait_until(lambda: worker.output().count("reconcile done") > before, seconds=LINE_SECONDS)
    return False


def drops_what_is_erased(service: Service, worker: Running) -> bool:
    """A task whose prediction is gone: what an earlier attempt has put is removed, in all versions."""
    chat, s3 = service.telegram.new_chat(), service.account.client("s3")
    left = f"{chat}/{chat}-1/annotated-1.jpg"
    s3.put_object(Bucket=service.bucket, Key=left, Body=b"x")
    send(service, "site", "photos", message("detection.tasks.detect_objects", f"{chat}-1"))
    dropped = wait_until(lambda: f"{chat}-1 dropped" in worker.output(), seconds=LINE_SECONDS)
    return dropped and "Versions" not in s3.list_object_versions(Bucket=service.bucket, Prefix=left)


def answers_later(service: Service, worker: Running) -> bool:
    """Telegram is away for the answer: the worker sends the announcement to the queue, to be tried again."""
    chat = service.telegram.new_chat()
    service.telegram.refuse_once(chat)
    sent = service.telegram.send_photo(chat)
    return wait_until(lambda: f"{chat}-{sent} deferred" in worker.output(), seconds=ANSWER_SECONDS) and wait_until(
        lambda: depth(service, "answers", "Delayed"), seconds=LINE_SECONDS
    )


def buries_what_is_no_task(service: Service, _: Running) -> bool:
    before = depth(service, "photos-dead")
    send(service, "site", "photos", "no message of Celery's")
    return wait_until(lambda: depth(service, "photos-dead") > before, seconds=LINE_SECONDS)


def registers(service: Service, _: Running) -> bool:
    before = _beats(service)
    return wait_until(lambda: _beats(service) - before, seconds=BEAT_SECONDS)


def tells_depths(_: Service, worker: Running) -> bool:
    """Once a minute the metrics of all queues, dead letters too, are lines of its log."""
    return wait_until(lambda: '"DeadLetters"' in worker.output(), seconds=METRICS_SECONDS)


def reads_its_keys(service: Service, _: Running) -> bool:
    with suppress(ClientError):
        return len(service.secrets("worker")) == 1
    return False


SITE: tuple[Flow, ...] = (takes_a_photo, is_ready, starts_the_site, watches)
WORKER: tuple[WorkerFlow, ...] = (
    reads_its_keys,
    buries_what_is_no_task,
    drops_what_is_erased,
    reconciles,
    answers_a_photo,
    answers_later,
    registers,
)


def message(task: str = "detection.tasks.reconcile", *arguments: str) -> str:
    """A task, by default the schedule's, as it lies in SQS."""
    whole = json.loads((HERE / "templates" / "reconcile.json").read_text())
    whole["headers"]["task"] = task
    whole["body"] = json.dumps([arguments, *json.loads(whole["body"])[1:]])
    return json.dumps(whole)


def send(service: Service, role: str, queue: str, body: str) -> None:
    """With this role; as the account's administrator where it is none."""
    client = service.account.client("sqs", service.credentials.get(role))
    client.send_message(QueueUrl=service.queue(queue), MessageBody=body)


def depth(service: Service, queue: str, kind: str = "") -> int:
    """How many messages wait there, or are Delayed, seen by the administrator."""
    wanted = f"ApproximateNumberOfMessages{kind}"
    found = service.account.client("sqs").get_queue_attributes(QueueUrl=service.queue(queue), AttributeNames=[wanted])
    return int(found["Attributes"][wanted])


def _beats(service: Service) -> set[str]:
    """When workers last wrote to the registry."""
    items = service.account.client("dynamodb").scan(TableName=f"{service.name}-workers")["Items"]
    return {item["heartbeat_at"]["S"] for item in items}
