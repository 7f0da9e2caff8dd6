"""Signatures of POST /results: who may say that a prediction is finished.

A header reads `key-id;unix-seconds;hex`, where hex is the HMAC-SHA256 of `results;prediction-id;unix-seconds` under the
key of that id. Keys are named, so that they can be rotated: the first of a ring signs, every one of it is accepted.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

HEADER = "X-Polybot-Signature"
TOLERANCE = timedelta(minutes=5)


class BadSignature(Exception):
    """Missing, malformed, stale, of an unknown key, or wrong. The message says which, and holds no secret."""


def sign(prediction_id: str, *, at: datetime, keys: Mapping[str, str]) -> str:
    """The header's value for this prediction at this time, by the first key of the ring."""
    key_id, secret = next(iter(keys.items()))
    seconds = int(at.timestamp())
    return f"{key_id};{seconds};{_digest(prediction_id, seconds, secret)}"


def verify(header: str | None, prediction_id: str, *, now: datetime, keys: Mapping[str, str]) -> None:
    """Return if the header was made for this prediction, by a key of the ring, at most TOLERANCE away; else raise BadSignature."""
    if not header:
        raise BadSignature(f"no {HEADER} header")
    key_id, seconds, digest = _parse(header)
    if abs(now.timestamp() - seconds) > TOLERANCE.total_seconds():
        raise BadSignature(
            f"signed {now.timestamp() - seconds:.0f} s ago, at most {TOLERANCE.total_seconds():.0f} are allowed: check both clocks"
        )
    # Which ids exist is no secret (they stand in every header), so looking one up needn't be constant-time; the digest's compare must be.
    if key_id not in keys:
        raise BadSignature("signed by a key that is not in RESULTS_KEYS")
    if not hmac.compare_digest(digest.encode(), _digest(prediction_id, seconds, keys[key_id]).encode()):
        raise BadSignature("the signature does not match")


def _parse(header: str) -> tuple[str, int, str]:
    parts = header.split(";")
    # A bound on the digits keeps a hostile header from making int() work hard or overflow a float.
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) <= 12):
        raise BadSignature(f"{HEADER} must read key-id;unix-seconds;hex")
    return parts[0], int(parts[1]), parts[2]


def _digest(prediction_id: str, seconds: int, secret: str) -> str:
    return hmac.new(secret.encode(), f"results;{prediction_id};{seconds}".encode(), hashlib.sha256).hexdigest()
