"""What the SQS stand-in can be told to do wrong, and for how long."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.Enum):
    """A fault that lasts; the text says what a client sees."""

    REFUSE = "new connections are refused, open ones are reset"
    UNAVAILABLE = "503 for every request"
    EXPIRED_TOKEN = "403 ExpiredToken for every request"  # noqa: S105 - no password
    THROTTLED = "400 RequestThrottled for every request"
    HALF_OPEN = "connections are accepted and never answered; those of that time stay dead afterwards"
    CUT = "the request is carried out, its answer ends in the middle"
    SLOW = "the request is carried out, its answer comes five seconds later"
    PARTIAL = "every third entry of a batch fails"
    MALFORMED = "200 with an answer that has another shape (botocore takes one that is not JSON for an empty one)"


SLOW_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """Status, error code and text of a refusal."""

    status: int
    code: str
    message: str


ANSWERS = {
    Kind.UNAVAILABLE: Answer(503, "ServiceUnavailable", "The service is unavailable."),
    Kind.EXPIRED_TOKEN: Answer(403, "ExpiredToken", "The security token included in the request is expired"),
    Kind.THROTTLED: Answer(400, "RequestThrottled", "Rate exceeded"),
}
