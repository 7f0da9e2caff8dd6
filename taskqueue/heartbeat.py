"""Keep messages hidden for as long as they wait or are worked on here, ten at a time: from receive to the last word on them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from taskqueue.holding import Held, Holding
from taskqueue.options import Options
from taskqueue.order import BATCH
from taskqueue.settling import LOST_CODES

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0  # how often it looks, and so how soon a failed request is repeated
LET_GO_AFTER = 5  # seconds past a task's time limit; until then Celery's own kill of its process settles the message better


class Heartbeat:
    """A thread that extends what `holding` holds. `on_lost` is called once for each message whose receipt no longer counts."""

    def __init__(self, client: SQSClient, holding: Holding, options: Options, *, on_lost: Callable[[Held], None]) -> None:
        self._client = client
        self._holding = holding
        self._options = options
        self._on_lost = on_lost
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="taskqueue-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(TICK_SECONDS):
            for batch in due(self._holding.all(), self._options, monotonic=time.monotonic(), now=time.time()):
                try:
                    self._extend(batch)
                except Exception as error:  # noqa: BLE001  # as in settling: whatever it is, the next tick tries again
                    log.warning("%d messages not extended yet: %s", len(batch), error)

    def _extend(self, batch: list[Held]) -> None:
        at = time.monotonic()  # before the request: SQS counts from when it hears
        seconds = round(self._options.visibility)
        entries: list[Any] = [
            {"Id": str(index), "ReceiptHandle": held.receipt, "VisibilityTimeout": seconds} for index, held in enumerate(batch)
        ]
        answer = self._client.change_message_visibility_batch(QueueUrl=batch[0].url, Entries=entries)
        for told in answer.get("Successful", []):
            batch[int(told["Id"])].extended_at = at
        for refused in answer.get("Failed", []):
            if refused.get("Code") in LOST_CODES:
                self._lose(batch[int(refused["Id"])])

    def _lose(self, held: Held) -> None:
        # One that is settled was deleted or given back while the request was on its way.
        if not held.lost and not held.settled:
            held.lost = True
            self._on_lost(held)


def due(all_held: list[Held], options: Options, *, monotonic: float, now: float) -> Iterator[list[Held]]:
    """Those to be extended at this moment, in batches for one request each."""
    wanted = [one for one in all_held if _is_due(one, options, monotonic) and not is_stuck(one, options, now=now)]
    for _, of_queue in groupby(sorted(wanted, key=lambda held: held.url), key=lambda held: held.url):
        batch = list(of_queue)
        for start in range(0, len(batch), BATCH):
            yield batch[start : start + BATCH]


def _is_due(held: Held, options: Options, monotonic: float) -> bool:
    given_back = held.settled and not held.deleted
    return not held.lost and not given_back and monotonic - held.extended_at >= options.extend_every


def is_stuck(held: Held, options: Options, *, now: float) -> bool:
    """Whether its task has run past its hard time limit, counted from the task's start: another worker may have it."""
    request = held.request
    if held.settled or request is None or request.time_start is None:
        return False
    limit = request.time_limits[0] or request.task.time_limit or options.task_limit
    return bool(now - request.time_start > limit + LET_GO_AFTER)
