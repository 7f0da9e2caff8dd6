"""What the service does on its account, a flow for each way that it can break. A flow is True where it worked."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from botocore.exceptions import ClientError

from deploy.rehearse.processes import Running, ended, wait_until
from deploy.rehearse.service import Service
from deploy.terraforming import HERE

ANSWER_SECONDS = 12
LINE_SECONDS = 8
BEAT_SECONDS = 14  # a worker writes to the registry every ten

Flow = Callable[[Service], bool]
WorkerFlow = Callable[[Service, Running], bool]


def takes_a_photo(service: Service) -> bool:
    """The webhook answers 200 only when S3, table and queue have it."""
    chat = service.telegram.new_chat()
    service.telegram.send_photo(chat)
    return service.telegram.deliver(chat, service.webhook) == 200


def erases_a_chat(service: Service) -> bool:
    chat = service.telegram.new_chat()
    service.telegram.send_photo(chat)
    service.telegram.deliver(chat, service.webhook)
    done = ended("-m", "detection", "erase-chat", "--yes", str(chat), environment=service.site_environment())
    (service.folder / "erase-chat.log").write_text(done.stdout + done.stderr)
    return done.returncode == 0 and f"erased of chat {chat}: 1 prediction" in done.stdout


def starts_the_site(service: Service) -> bool:
    """What polybot-start asks for (tests/deploy/test_user_data.py records it)."""
    client = service.account.client("ssm", service.credentials["site"])
    with suppress(ClientError):
        return bool(client.get_parameter(Name=f"/{service.name}/site/image")) and len(service.secrets("site")) == 4
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
        _send(service, "schedule", "answers", _message())
        return wait_until(lambda: worker.output().count("reconcile done") > before, seconds=LINE_SECONDS)
    return False


def drops_what_is_erased(service: Service, worker: Running) -> bool:
    """A task whose prediction is gone: its pictures are looked for, in all versions."""
    chat = service.telegram.new_chat()
    _send(service, "site", "photos", _message("detection.tasks.detect_objects", f"{chat}-1"))
    return wait_until(lambda: f"{chat}-1 dropped" in worker.output(), seconds=LINE_SECONDS)


def buries_what_is_no_task(service: Service, _: Running) -> bool:
    before = _depth(service, "photos-dead")
    _send(service, "site", "photos", "no message of Celery's")
    return wait_until(lambda: _depth(service, "photos-dead") > before, seconds=LINE_SECONDS)


def registers(service: Service, _: Running) -> bool:
    before = _beats(service)
    return wait_until(lambda: _beats(service) - before, seconds=BEAT_SECONDS)


def reads_its_keys(service: Service, _: Running) -> bool:
    with suppress(ClientError):
        return len(service.secrets("worker")) == 1
    return False


SITE: tuple[Flow, ...] = (takes_a_photo, starts_the_site, watches, erases_a_chat)
WORKER: tuple[WorkerFlow, ...] = (reads_its_keys, buries_what_is_no_task, drops_what_is_erased, reconciles, answers_a_photo, registers)


def lets_its_instance_go(service: Service) -> bool:
    """The Auto Scaling group wants the instance back: the worker drains, ends, and says so."""
    groups = service.account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    server = _Metadata(groups[0]["Instances"][0]["InstanceId"])
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with service.worker(metadata=f"http://127.0.0.1:{server.server_address[1]}") as worker:
            server.state = "Terminated"
            wait_until(lambda: worker.process.poll() is not None, seconds=40)
            return f"lifecycle action {service.name}-worker-drain of {service.name}-worker completed" in worker.output()
    finally:
        server.shutdown()
        server.server_close()


class _Metadata(ThreadingHTTPServer):
    """An instance's metadata service, as far as a worker asks it."""

    def __init__(self, instance: str) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.instance = instance
        self.state = "InService"


class _Asked(BaseHTTPRequestHandler):
    server: _Metadata

    def do_PUT(self) -> None:
        self._say(200, "a-token")

    def do_GET(self) -> None:
        known = {
            "instance-id": self.server.instance,
            "autoscaling/target-lifecycle-state": self.server.state,
            "placement/region": "eu-north-1",
        }
        path = self.path.removeprefix("/latest/meta-data/")
        self._say(*((200, known[path]) if path in known else (404, "")))

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing: what matters is in the worker's log."""


def _message(task: str = "detection.tasks.reconcile", *arguments: str) -> str:
    whole = json.loads((HERE / "templates" / "reconcile.json").read_text())
    whole["headers"]["task"] = task
    whole["body"] = json.dumps([arguments, *json.loads(whole["body"])[1:]])
    return json.dumps(whole)


def _send(service: Service, role: str, queue: str, body: str) -> None:
    client = service.account.client("sqs", service.credentials[role])
    client.send_message(QueueUrl=_url(service, queue), MessageBody=body)


def _depth(service: Service, queue: str) -> int:
    wanted = ["ApproximateNumberOfMessages"]
    found = service.account.client("sqs").get_queue_attributes(QueueUrl=_url(service, queue), AttributeNames=wanted)
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def _url(service: Service, queue: str) -> str:
    return service.told["site"]["PHOTOS_QUEUE_URL"].removesuffix("photos") + queue


def _beats(service: Service) -> set[str]:
    """When workers last wrote to the registry."""
    items = service.account.client("dynamodb").scan(TableName=f"{service.name}-workers")["Items"]
    return {item["heartbeat_at"]["S"] for item in items}
