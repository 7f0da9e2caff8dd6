"""The plainest worker there can be: receive ten, run them, delete them, in each of N processes. The yardstick for speed.

python -m benchmarks.loop --processes 2     (BENCH_QUEUES and BENCH_TASKS as for the app)
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from benchmarks.events import Log
from benchmarks.messages import call

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


def run(task: str, arguments: list[Any], log: Log) -> None:
    """What the app's noop and nap do."""
    log("start", key=arguments[0], pid=os.getpid())
    if task == "bench.nap":
        time.sleep(arguments[1])
    log("end", key=arguments[0], pid=os.getpid())


def turn(sqs: SQSClient, url: str, log: Log) -> int:
    """One batch from receive to delete; how many there were."""
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10).get("Messages", [])
    for message in messages:
        run(*call(message["Body"]), log)
    if messages:
        entries: Any = [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return len(messages)


def work(url: str, events: str) -> None:
    """Until killed."""
    sqs, log = boto3.client("sqs", config=Config(read_timeout=15)), Log(Path(events))
    while True:
        turn(sqs, url, log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    [url] = json.loads(os.environ["BENCH_QUEUES"]).values()
    processes = [multiprocessing.Process(target=work, args=(url, os.environ["BENCH_TASKS"])) for _ in range(parser.parse_args().processes)]
    for process in processes:
        process.start()
    sys.stdout.write("loop ready.\n")
    sys.stdout.flush()
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()
