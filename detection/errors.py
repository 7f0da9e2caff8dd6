"""What can go wrong, said in our words: every foreign error is translated into one of these, once, at the edge."""

from __future__ import annotations

from detection.prediction import Failure


class Unavailable(Exception):
    """Something outside (S3, DynamoDB, SQS, the site) did not do its part. Trying again can help."""


class PhotoMissing(Exception):
    """There is no photo under this key: it was erased, or its retention is over. Trying again can't help."""


class PhotoUnreadable(Exception):
    """The photo can't be looked at, for a reason that the person who sent it will be told."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(f"{failure.value}: {detail}")
        self.failure = failure
