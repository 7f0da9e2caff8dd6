"""What the transport can be told, by Celery's `broker_transport_options`; kombu's own names where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Options:
    """Seconds, all of them but the last two."""

    visibility: float = 30  # `visibility_timeout`: how long a message stays hidden where nobody says that it is still being worked on
    wait: int = 5  # `wait_time_seconds`: one long poll; a worker that stops waits for the one it is in
    grace: float = 25  # from SIGTERM to the exit, whatever runs
    instance_every: float = 5  # how often the EC2 instance's metadata are asked whether it is about to end
    watchdog: float = 60  # a poll that is due, or the event loop, may take this long before the worker ends itself
    task_limit: float = 3600  # a task without a time limit of its own is let go after this
    retry_cap: float = 300  # the longest pause before a task that failed is tried again
    max_receives: int = 15  # a message that was received this often, and failed again, is a dead letter
    health_file: str | None = None

    @property
    def extend_every(self) -> float:
        return self.visibility / 3


def from_transport(given: Mapping[str, Any]) -> Options:
    """The options in Celery's dictionary. Raises ValueError for one that SQS would refuse."""
    default = Options()
    options = Options(
        visibility=float(given.get("visibility_timeout", default.visibility)),
        wait=int(given.get("wait_time_seconds", default.wait)),
        grace=float(given.get("grace_seconds", default.grace)),
        instance_every=float(given.get("instance_every_seconds", default.instance_every)),
        watchdog=float(given.get("watchdog_seconds", default.watchdog)),
        task_limit=float(given.get("task_limit_seconds", default.task_limit)),
        retry_cap=float(given.get("retry_cap_seconds", default.retry_cap)),
        max_receives=int(given.get("max_receives", default.max_receives)),
        health_file=given.get("health_file"),
    )
    if not 0 <= options.wait <= 20:
        raise ValueError(f"wait_time_seconds is {options.wait}: SQS waits for 0 to 20 s")
    if not 3 <= options.visibility <= 43_200:
        raise ValueError(f"visibility_timeout is {options.visibility:g}: between 3 s and SQS's 12 hours")
    return options
