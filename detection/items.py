"""Items of the table ⇄ predictions of the domain. Pure."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from detection.prediction import Box, Detection, Failure, Prediction, Status
from detection.table import DetectionMap, PredictionItem

DAY_SHARDS = 4  # so that one day's writes are spread over several partitions of the index
OPEN_SHARDS = 4

_SAME = (
    "prediction_id", "chat_id", "message_id", "run", "operation", "queue", "photo_key", "annotated_key", "attempts",
    "given_back", "worker", "model", "wanted_model", "width", "height", "undeliverable", "verdict", "received_at", "stored_at",
    "created_at", "queued_at", "started_at", "detected_at", "saved_at", "finished_at", "announce_at", "replied_at", "reopened_at",
)  # fmt: skip
_INTEGERS = {"chat_id", "message_id", "run", "attempts", "given_back"}
_SIZES = {"width", "height"}  # integers, too, where they are known


@dataclass(frozen=True, slots=True)
class OpenPrediction:
    """What the index of open predictions says of one: enough to see what should go on."""

    prediction_id: str
    status: Status
    created_at: datetime
    queued_at: datetime | None
    finished_at: datetime | None
    announce_at: datetime | None


def day_shard(prediction_id: str, created_at: datetime) -> str:
    """The partition of the by-day index: the UTC day and a shard that follows from the id.

    >>> day_shard("42-7", datetime(2026, 11, 23))
    '2026-11-23#0'
    """
    return f"{created_at:%Y-%m-%d}#{_shard(prediction_id, DAY_SHARDS)}"


def day_shards(day: datetime) -> list[str]:
    """All partitions of the by-day index for this UTC day."""
    return [f"{day:%Y-%m-%d}#{shard}" for shard in range(DAY_SHARDS)]


def open_shard(prediction_id: str) -> int:
    """The partition of the index of open ones."""
    return _shard(prediction_id, OPEN_SHARDS)


def new_item(table: type[PredictionItem], prediction: Prediction, *, expires_at: datetime) -> PredictionItem:
    """The item of a prediction that was just made: in every index, and open."""
    item = table(
        **{name: getattr(prediction, name) for name in _SAME},
        status=prediction.status.value,
        day_shard=day_shard(prediction.prediction_id, prediction.created_at),
        open_shard=open_shard(prediction.prediction_id),
    )
    item.expires_at = expires_at
    return item


def whole_item(table: type[PredictionItem], prediction: Prediction, *, expires_at: datetime) -> PredictionItem:
    """The item of a prediction whatever it has come to, as all the writes until then leave it."""
    item = new_item(table, prediction, expires_at=expires_at)
    if prediction.is_finished:
        item.detections = to_maps(prediction.detections)
    if prediction.failure:
        item.failure = prediction.failure.value
    if not prediction.is_open:
        del item.attribute_values["open_shard"]
    return item


def to_prediction(item: PredictionItem) -> Prediction:
    """The prediction that an item holds (one that is neither a mark nor expired)."""
    values = {name: getattr(item, name) for name in _SAME}
    values |= {name: int(values[name] or 0) for name in _INTEGERS}
    values |= {name: int(values[name]) for name in _SIZES if values[name] is not None}
    return Prediction(
        **values,
        status=Status(item.status),
        failure=Failure(item.failure) if item.failure else None,
        detections=tuple(_to_detection(one) for one in item.detections or ()),
    )


def to_open(item: PredictionItem) -> OpenPrediction:
    """The same for what the index of open ones projects."""
    return OpenPrediction(item.prediction_id, Status(item.status), item.created_at, item.queued_at, item.finished_at, item.announce_at)


def to_maps(detections: tuple[Detection, ...]) -> list[DetectionMap]:
    """Detections as they are stored."""
    return [_to_map(one) for one in detections]


def _to_map(one: Detection) -> DetectionMap:
    sides = {"x1": one.box.x1, "y1": one.box.y1, "x2": one.box.x2, "y2": one.box.y2}
    return DetectionMap(label=one.label, confidence=one.confidence, **sides)  # type: ignore[no-untyped-call]  # PynamoDB has no types here


def is_live(item: PredictionItem, *, now: datetime) -> bool:
    """Neither the mark of an erased prediction nor one that is expired and that DynamoDB hasn't removed yet."""
    # PynamoDB's types say that an attribute is always there; null=True says that it needn't be.
    erased_at, expires_at = cast("datetime | None", item.erased_at), cast("datetime | None", item.expires_at)
    return erased_at is None and (expires_at is None or expires_at > now)


def expiry(created_at: datetime, *, days: int) -> datetime:
    """When a prediction made at this time may go."""
    return created_at + timedelta(days=days)


def _shard(prediction_id: str, shards: int) -> int:
    return zlib.crc32(prediction_id.encode()) % shards


def _to_detection(stored: DetectionMap) -> Detection:
    box = Box(*(float(getattr(stored, side)) for side in ("x1", "y1", "x2", "y2")))
    return Detection(stored.label, float(stored.confidence), box)
