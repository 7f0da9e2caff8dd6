"""What EventBridge sends each minute is taken by a worker for Celery's own, however often the same text comes."""

from __future__ import annotations

from pathlib import Path

from deploy import terraforming
from detection import aws
from tests import processes, queues
from tests.bundles import write_cat_bundle
from tests.clouds import Cloud

MESSAGE = (terraforming.HERE / "templates" / "reconcile.json").read_text()


def test_a_worker_takes_it_each_time(cloud: Cloud, tmp_path: Path) -> None:
    bundle = write_cat_bundle(tmp_path / "bundle")
    environment = cloud.environment | {"DETECTION_MODEL": str(bundle), "RESULTS_URL": "http://127.0.0.1:9/results"}
    with processes.worker(environment, log=tmp_path / "worker.log") as worker:
        for _ in range(2):
            done = worker.output().count("reconcile done")
            aws.sqs().send_message(QueueUrl=cloud.queue_urls["answers"], MessageBody=MESSAGE)
            processes.wait_for(lambda done=done: worker.output().count("reconcile done") > done, seconds=20, what="reconcile")  # type: ignore[misc]
        processes.wait_for(lambda: queues.depth("answers") == (0, 0, 0), seconds=10, what="an empty queue")
    assert "a letter for the dead" not in worker.output()
