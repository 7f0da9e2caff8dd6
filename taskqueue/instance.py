"""Hear of the end of the EC2 instance that this worker is on, from its metadata service (IMDSv2)."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import urllib3

log = logging.getLogger(__name__)

LOOK_SECONDS = 5  # what AWS advises
ABSENT_SECONDS = 60  # where nothing answers: not an EC2 instance, or one that keeps its metadata to itself
TOKEN_SECONDS = 21_600

SPOT = "spot/instance-action"
REBALANCE = "events/recommendations/rebalance"
LIFECYCLE = "autoscaling/target-lifecycle-state"


class NoMetadata(Exception):
    """The metadata service didn't answer as one does."""


@dataclass
class Metadata:
    """One instance's metadata service."""

    endpoint: str
    token: str = ""

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=2), retries=False)

    def get(self, path: str) -> str | None:
        """What stands at this path of the metadata; None for nothing. Raises NoMetadata."""
        status, text = self._request("GET", f"/latest/meta-data/{path}", {"X-aws-ec2-metadata-token": self._token()})
        if status == 401:  # the token has run out
            self.token = ""
            status, text = self._request("GET", f"/latest/meta-data/{path}", {"X-aws-ec2-metadata-token": self._token()})
        if status not in (200, 404):
            raise NoMetadata(f"{path}: status {status}")
        return text if status == 200 else None

    def _token(self) -> str:
        if not self.token:
            status, text = self._request("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)})
            if status != 200:
                raise NoMetadata(f"token: status {status}")
            self.token = text
        return self.token

    def _request(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        try:
            answer = self._pool.request(method, self.endpoint + path, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise NoMetadata(type(error).__name__) from None
        return answer.status, answer.data.decode(errors="replace")


def from_environment() -> Metadata | None:
    """The metadata service where botocore looks for it; None where that is switched off."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    return Metadata(os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/"))


def end_announced(metadata: Metadata) -> str | None:
    """Why this instance is about to end; None where nothing says so. Raises NoMetadata."""
    if (notice := metadata.get(SPOT)) is not None:
        return f"spot notice: {_short(notice)}"
    if (notice := metadata.get(REBALANCE)) is not None:
        return f"rebalance recommendation: {_short(notice)}"
    if metadata.get(LIFECYCLE) == "Terminated":
        return "the Auto Scaling group terminates the instance"
    return None


def watch(metadata: Metadata, told: Callable[[str], None], *, every: float = LOOK_SECONDS) -> None:
    """In a thread: call `told` once with the reason, when the end of the instance is announced."""
    threading.Thread(target=_watch, args=(metadata, told, every), name="taskqueue-instance", daemon=True).start()


def _watch(metadata: Metadata, told: Callable[[str], None], every: float) -> None:
    pause, stopped = every, threading.Event()
    while not stopped.wait(pause):
        try:
            why = end_announced(metadata)
        except NoMetadata as error:
            log.info("no instance metadata (%s); looking again in %d s", error, ABSENT_SECONDS)
            pause = max(every, ABSENT_SECONDS)
            continue
        pause = every
        if why:
            told(why)
            return


def _short(notice: str) -> str:
    try:
        return " ".join(f"{key}={value}" for key, value in json.loads(notice).items())
    except (ValueError, AttributeError):
        return notice[:80]
