"""What is measured: for each subject the interpreter, the module that runs its worker, and the settings of its Celery app."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OURS = "taskqueue"
STOCK = "celery-5.7.0"
OLD_STOCK = "celery-5.6.2"
LOOP = "boto3-loop"


@dataclass(frozen=True)
class Subject:
    """`settings` names a function of this module; none for a subject without Celery."""

    name: str
    python: str
    settings: str = ""


SUBJECTS = {
    OURS: Subject(OURS, ".venv/bin/python", "ours"),
    STOCK: Subject(STOCK, ".venv/bin/python", "stock"),
    OLD_STOCK: Subject(OLD_STOCK, ".venv/celery-5.6.2/bin/python", "stock"),
    LOOP: Subject(LOOP, ".venv/bin/python"),
}


def command(subject: Subject, *, concurrency: int, prefetch: int, queue: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command line of one worker, to be run in the root of the tree."""
    python = str(ROOT / subject.python)
    if not subject.settings:
        return [python, "-m", "benchmarks.loop", "--processes", str(concurrency)]
    program = [python, "-m", "celery", "-A", "benchmarks.app", "worker", "--queues", queue, "--loglevel", "INFO"]
    return [*program, "--concurrency", str(concurrency), "--prefetch-multiplier", str(prefetch), *options]


def settings(name: str, queues: Mapping[str, str], *, visibility: int) -> dict[str, Any]:
    """The Celery settings of a subject for these queues (name → URL)."""
    chosen = ours(queues) if name == "ours" else stock(queues)
    chosen["broker_transport_options"]["visibility_timeout"] = visibility
    return chosen


def ours(queues: Mapping[str, str]) -> dict[str, Any]:
    # The environment of another subject may be unable to import this.
    found: dict[str, Any] = importlib.import_module("taskqueue.config").celery_settings(queues)
    return found


def stock(queues: Mapping[str, str]) -> dict[str, Any]:
    """Stock Celery at its best: late acks, what fails is given back, no sleep between polls."""
    return {
        "broker_url": "sqs://",
        "broker_transport_options": {
            "predefined_queues": {name: {"url": url} for name, url in queues.items()},
            "wait_time_seconds": 10,
            "polling_interval": 0,
        },
        "broker_connection_retry_on_startup": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_failure_or_timeout": False,
        "task_ignore_result": True,
        "task_publish_retry": False,
        "accept_content": ["json"],
        "worker_enable_remote_control": False,
    }
