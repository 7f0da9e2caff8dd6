"""A prediction's way through the service, for people and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

STEPS = (
    ("received_at", "the photo came to the bot"),
    ("stored_at", "the photo was stored in S3"),
    ("queued_at", "its id was sent to SQS"),
    ("started_at", "a worker consumed it"),
    ("detected_at", "the objects were detected"),
    ("saved_at", "the annotated photo was stored in S3"),
    ("finished_at", "the prediction was written to DynamoDB"),
    ("replied_at", "POST /results, and the answer was sent to the chat"),
)


def described(prediction: Mapping[str, Any]) -> list[str]:
    """The eight steps, one a line, each with its time (UTC) and the seconds since the first; a dash where it was not reached."""
    times = {name: datetime.fromisoformat(prediction[name]) for name, _ in STEPS if prediction.get(name)}
    first = min(times.values())
    lines = [f"Prediction {prediction['prediction_id']}, step by step:"]
    for number, (name, what) in enumerate(STEPS, start=1):
        when = f"{times[name]:%H:%M:%S.%f}"[:-3] + f"  {(times[name] - first).total_seconds():+7.3f} s" if name in times else "-"
        lines.append(f"  {number}  {what:<52}{when}")
    return lines


def result(prediction: Mapping[str, Any] | None, *, caption: str, seconds: float) -> dict[str, Any]:
    """What the demo says of it to a program. `seconds` is as the prediction records them, from receipt to reply, else as given."""
    if prediction is None:
        return {
            "prediction_id": None,
            "status": "FAILED",
            "caption": caption,
            "model": None,
            "seconds": round(seconds, 3),
            "detections": [],
        }
    return {
        "prediction_id": prediction["prediction_id"],
        "status": prediction["status"],
        "caption": caption,
        "model": prediction["model"],
        "seconds": round(_recorded(prediction) or seconds, 3),
        "detections": prediction["detections"],
    }


def _recorded(prediction: Mapping[str, Any]) -> float | None:
    if not prediction["replied_at"]:
        return None
    return (datetime.fromisoformat(prediction["replied_at"]) - datetime.fromisoformat(prediction["received_at"])).total_seconds()
