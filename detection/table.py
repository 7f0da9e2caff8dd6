"""The DynamoDB tables, as PynamoDB sees them. `predictions`, `chats` and `counters` are these tables in domain words.

(Not `models.py`: Django claims that name.) Table names come from the configuration at first use, so importing this module
reads nothing and connects to nothing.
"""

from __future__ import annotations

from pynamodb.attributes import (
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from detection import aws, config


class _Meta:
    """What every table shares; `table_name` is set at first use."""

    billing_mode = "PAY_PER_REQUEST"
    connect_timeout_seconds = aws.CONNECT_SECONDS
    read_timeout_seconds = aws.READ_SECONDS
    max_retry_attempts = aws.ATTEMPTS


class ByChat(GlobalSecondaryIndex["PredictionItem"]):  # type: ignore[no-untyped-call]  # PynamoDB has no types here
    """A chat's predictions by time."""

    class Meta:
        index_name = "by_chat"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    chat_id = NumberAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class ByDay(GlobalSecondaryIndex["PredictionItem"]):  # type: ignore[no-untyped-call]  # PynamoDB has no types here
    """All predictions by time, spread over shards so that no partition takes a whole day's writes."""

    class Meta:
        index_name = "by_day"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    day_shard = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class OpenOnes(GlobalSecondaryIndex["PredictionItem"]):  # type: ignore[no-untyped-call]  # PynamoDB has no types here
    """Sparse: only predictions that are open have an `open_shard`. What `reconcile` and `overview` read."""

    class Meta:
        index_name = "open"
        projection = IncludeProjection(["status", "queue", "queued_at", "finished_at", "announce_at"])
        billing_mode = "PAY_PER_REQUEST"

    open_shard = NumberAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class DetectionMap(MapAttribute[str, object]):
    """A detection inside a prediction's item; x and y are the box in 0-1."""

    label = UnicodeAttribute()
    confidence = NumberAttribute()
    x1 = NumberAttribute()
    y1 = NumberAttribute()
    x2 = NumberAttribute()
    y2 = NumberAttribute()


class PredictionItem(Model):
    """One prediction, or, with `erased_at` and nothing else, the mark that keeps an erased one from coming back."""

    class Meta(_Meta):
        table_name: str

    by_chat = ByChat()
    by_day = ByDay()
    open_ones = OpenOnes()

    prediction_id = UnicodeAttribute(hash_key=True)
    chat_id = NumberAttribute(null=True)
    message_id = NumberAttribute(null=True)
    run = NumberAttribute(null=True)
    operation = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    queue = UnicodeAttribute(null=True)
    photo_key = UnicodeAttribute(null=True)
    annotated_key = UnicodeAttribute(null=True)
    attempts = NumberAttribute(null=True)
    given_back = NumberAttribute(null=True)
    worker = UnicodeAttribute(null=True)
    model = UnicodeAttribute(null=True)
    wanted_model = UnicodeAttribute(null=True)
    width = NumberAttribute(null=True)
    height = NumberAttribute(null=True)
    detections = ListAttribute(of=DetectionMap, null=True)
    failure = UnicodeAttribute(null=True)
    undeliverable = UnicodeAttribute(null=True)
    verdict = UnicodeAttribute(null=True)

    received_at = UTCDateTimeAttribute(null=True)
    stored_at = UTCDateTimeAttribute(null=True)
    created_at = UTCDateTimeAttribute(null=True)
    queued_at = UTCDateTimeAttribute(null=True)
    started_at = UTCDateTimeAttribute(null=True)
    detected_at = UTCDateTimeAttribute(null=True)
    saved_at = UTCDateTimeAttribute(null=True)
    finished_at = UTCDateTimeAttribute(null=True)
    announce_at = UTCDateTimeAttribute(null=True)
    replied_at = UTCDateTimeAttribute(null=True)
    reopened_at = UTCDateTimeAttribute(null=True)
    erased_at = UTCDateTimeAttribute(null=True)

    claim_token = UnicodeAttribute(null=True)
    claimed_until = UTCDateTimeAttribute(null=True)
    day_shard = UnicodeAttribute(null=True)
    open_shard = NumberAttribute(null=True)
    expires_at = TTLAttribute(null=True)


class ChatItem(Model):
    """What is known of a chat beyond its predictions."""

    class Meta(_Meta):
        table_name: str

    chat_id = NumberAttribute(hash_key=True)
    migrated_to = NumberAttribute(null=True)
    migrated_from = NumberAttribute(null=True)
    not_before = UTCDateTimeAttribute(null=True)
    blocked_at = UTCDateTimeAttribute(null=True)
    erased_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute(null=True)  # of the mark that an erased chat leaves


class CounterItem(Model):
    """An hour's counts (one of several shards, to be summed), or a lease that one process holds at a time."""

    class Meta(_Meta):
        table_name: str

    name = UnicodeAttribute(hash_key=True)
    held_until = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute(null=True)


def predictions() -> type[PredictionItem]:
    """The table PREFIX-predictions."""
    PredictionItem.Meta.table_name = f"{config.shared().table_prefix}-predictions"
    return PredictionItem


def chats() -> type[ChatItem]:
    """The table PREFIX-chats."""
    ChatItem.Meta.table_name = f"{config.shared().table_prefix}-chats"
    return ChatItem


def counters() -> type[CounterItem]:
    """The table PREFIX-counters."""
    CounterItem.Meta.table_name = f"{config.shared().table_prefix}-counters"
    return CounterItem


def all_tables() -> list[type[Model]]:
    """Every table, for whoever creates them."""
    return [predictions(), chats(), counters()]
