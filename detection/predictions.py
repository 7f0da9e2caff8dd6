"""The table of predictions in domain words. Every write is conditional, so doing it twice is doing it once.

Each function raises Unavailable where DynamoDB does not do its part. What isn't there any more (erased or expired) is
ordinary, and a value: None or False, unless the docstring says otherwise.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from detection import chats, config, counters, table
from detection.aws import translated
from detection.clock import now
from detection.items import OPEN_SHARDS, OpenPrediction, expiry, is_live, new_item, to_maps, to_open, to_prediction
from detection.prediction import Detection, Failure, Prediction, Status
from detection.table import PredictionItem

# Longer than Telegram may take over one answer (45 s, botgateway.telegram), so that a claim outlives its sending; no longer,
# because a site that dies while it sends holds the answer up for just this time.
LEASE = timedelta(seconds=60)
# A claim is over in a second, mostly; only where its holder died does it last for the lease. So whoever meets one asks soon.
CLAIM_RETRY_SECONDS = 10
ERASED_MARK = timedelta(hours=25)  # Telegram repeats an update for 24 hours


class NotFound(Exception):
    """No such prediction: never made, erased, or expired."""


class AlreadyReplied(Exception):
    """The chat has its answer, or can't have one."""


class NotYet(Exception):
    """There is something to wait for: ask again in `retry_after` seconds."""

    def __init__(self, what: str, retry_after: int) -> None:
        super().__init__(f"{what}; try again in {retry_after} s")
        self.retry_after = retry_after


class NotFinished(NotYet):
    """The prediction is still being made."""


class Claimed(NotYet):
    """Someone else is sending this answer right now."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer for a prediction, for LEASE: give it back, or mark the prediction replied or undeliverable."""

    prediction: Prediction
    token: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: with detections and an annotated photo, or with a failure."""

    model: str | None = None
    size: tuple[int, int] | None = None  # the photo's width and height
    detections: tuple[Detection, ...] = ()
    annotated_key: str | None = None
    detected_at: datetime | None = None
    saved_at: datetime | None = None
    failure: Failure | None = None


def get(prediction_id: str) -> Prediction | None:
    """The prediction as it is now (a consistent read)."""
    item = _item(prediction_id)
    return to_prediction(item) if item else None


def raw(prediction_id: str) -> dict[str, object]:
    """All that the table has of it, as it is stored; empty where there is nothing (a consistent read)."""
    item = _item(prediction_id)
    return dict(item.to_simple_dict(force=True)) if item else {}


def get_all(prediction_ids: Sequence[str]) -> list[Prediction]:
    """Those of them that are there, in the same order (consistent reads, up to 100 in one request)."""
    with translated(f"reading {len(prediction_ids)} predictions"):
        items = {item.prediction_id: item for item in table.predictions().batch_get(prediction_ids, consistent_read=True)}
    return [to_prediction(items[name]) for name in prediction_ids if name in items and is_live(items[name], now=now())]


def create(prediction: Prediction) -> Prediction | None:
    """Store a new prediction, and count its photo, or return the one that is already stored under this id. None: it was erased."""
    item = new_item(table.predictions(), prediction, expires_at=expiry(prediction.created_at, days=config.shared().retention_days))
    is_new = PredictionItem.prediction_id.does_not_exist()
    with translated(f"creating {prediction.prediction_id}"):
        made = counters.in_one_transaction(lambda transaction: transaction.save(item, condition=is_new), counters.created(prediction))
    return unless_erased(prediction) if made else get(prediction.prediction_id)


def unless_erased(made: Prediction) -> Prediction | None:
    """The prediction that was made just now; None, and erased at once, where its chat was erased since its photo came.

    Asked after the write: an erasure that did not see this prediction has left its mark before, and is seen here.
    """
    # A further run is received now, and its photo was stored with the first.
    photo_came = min(made.received_at, made.stored_at or made.received_at)
    if not chats.erased_since(made.chat_id, photo_came):
        return made
    erase(made.prediction_id)
    return None


def mark_queued(prediction_id: str, *, queue: str, at: datetime, seen: datetime | None = None) -> bool:
    """Note that the task was sent at this time, if `queued_at` still is what the caller saw. False: it isn't."""
    unchanged = PredictionItem.queued_at.does_not_exist() if seen is None else PredictionItem.queued_at == seen
    return update(prediction_id, [PredictionItem.queued_at.set(at), PredictionItem.queue.set(queue)], unchanged) is not None


def mark_announced(prediction_id: str, *, due: datetime) -> None:
    """Note when the next announcement of an open prediction is due, so that nobody else sends one before."""
    update(prediction_id, [PredictionItem.announce_at.set(due)], _OPEN)


def start(prediction_id: str, *, worker: str) -> Prediction | None:
    """Count an attempt and return the prediction with it; one that is finished is returned as it is, uncounted."""
    actions = [
        PredictionItem.attempts.add(1),
        PredictionItem.started_at.set(now()),
        PredictionItem.worker.set(worker),
    ]
    return update(prediction_id, actions, PredictionItem.status == Status.QUEUED.value) or get(prediction_id)


def give_back(prediction_id: str) -> None:
    """Note that an attempt ended by no fault of the photo's (an outage, a drain), so that it doesn't count towards giving up."""
    update(prediction_id, [PredictionItem.given_back.add(1)], PredictionItem.status == Status.QUEUED.value)


def finish(prediction_id: str, outcome: Outcome, *, started: Prediction | None = None) -> Prediction | None:
    """Store how it ended, if nobody did before, and count it; return what is stored now, whoever stored it.

    `started` is what `start` returned to the attempt that ends here.
    """
    at = now()
    status = Status.FAILED if outcome.failure else Status.DONE
    actions: list[Action] = [PredictionItem.status.set(status.value), PredictionItem.finished_at.set(at)]
    actions += [PredictionItem.detections.set(to_maps(outcome.detections))]
    if outcome.model:
        actions.append(PredictionItem.model.set(outcome.model))
    if outcome.size:
        actions += [PredictionItem.width.set(outcome.size[0]), PredictionItem.height.set(outcome.size[1])]
    if outcome.annotated_key:
        actions.append(PredictionItem.annotated_key.set(outcome.annotated_key))
    if outcome.detected_at:
        actions.append(PredictionItem.detected_at.set(outcome.detected_at))
    if outcome.saved_at:
        actions.append(PredictionItem.saved_at.set(outcome.saved_at))
    if outcome.failure:
        actions.append(PredictionItem.failure.set(outcome.failure.value))
    _update_and_count(prediction_id, actions, PredictionItem.status == Status.QUEUED.value, counters.finished(outcome, started, at))
    return get(prediction_id)


def claim(prediction_id: str) -> Claim:
    """Take the right to answer. Raises NotFound, AlreadyReplied, NotFinished or Claimed, each with what it means for /results."""
    at, token = now(), secrets.token_hex(8)
    free = PredictionItem.claimed_until.does_not_exist() | (PredictionItem.claimed_until < at)
    actions = [PredictionItem.claim_token.set(token), PredictionItem.claimed_until.set(at + LEASE)]
    prediction = update(prediction_id, actions, _FINISHED & _OPEN & free)
    if prediction is None:
        raise _why_not(prediction_id, at)
    return Claim(prediction, token)


def release(held: Claim) -> None:
    """Give a claim back at once: the answer could not be sent now."""
    actions = [PredictionItem.claim_token.remove(), PredictionItem.claimed_until.remove()]
    update(held.prediction.prediction_id, actions, PredictionItem.claim_token == held.token)


def mark_replied(held: Claim) -> bool:
    """Note, and count, that the chat has its answer. False: somebody else noted it before (so the chat has two), or it is gone."""
    at = now()
    return _close(held, PredictionItem.replied_at.set(at), counters.replied(held.prediction, at))


def mark_undeliverable(held: Claim, reason: str) -> bool:
    """Note, and count, that the chat can't have its answer, and why. False as for mark_replied."""
    return _close(held, PredictionItem.undeliverable.set(reason), counters.undeliverable(now()))


def erase(prediction_id: str) -> Prediction | None:
    """Forget a prediction: its item becomes a mark that holds the id alone, for 25 hours. Returns what was forgotten."""
    prediction = get(prediction_id)
    mark = table.predictions()(prediction_id=prediction_id, erased_at=now())
    mark.expires_at = now() + ERASED_MARK
    with translated(f"erasing {prediction_id}"):
        mark.save()
    return prediction


def open_before(cutoff: datetime) -> Iterator[OpenPrediction]:
    """Every open prediction that was created before this time, oldest first within each shard (an eventual read of the sparse index)."""
    table.predictions()
    for shard in range(OPEN_SHARDS):
        with translated("reading the index of open predictions"):
            for item in PredictionItem.open_ones.query(shard, PredictionItem.created_at < cutoff):
                yield to_open(item)


def ids_of_chat(chat_id: int) -> Iterator[str]:
    """The ids of all that the table has of a chat, whatever its state (eventual reads of the index)."""
    table.predictions()
    with translated(f"reading the predictions of chat {chat_id}"):
        for item in PredictionItem.by_chat.query(chat_id, attributes_to_get=["prediction_id"]):
            yield item.prediction_id


def of_chat(chat_id: int, *, limit: int) -> list[Prediction]:
    """The chat's newest predictions, newest first (an eventual read of the index)."""
    table.predictions()
    with translated(f"reading the predictions of chat {chat_id}"):
        found = PredictionItem.by_chat.query(chat_id, scan_index_forward=False, limit=limit)
        return [to_prediction(item) for item in found if is_live(item, now=now())]


_FINISHED = PredictionItem.status != Status.QUEUED.value
_OPEN = PredictionItem.replied_at.does_not_exist() & PredictionItem.undeliverable.does_not_exist()
# An update makes an item where there is none: without this one, an erased prediction would come back as a torso.
_THERE = PredictionItem.prediction_id.exists() & PredictionItem.erased_at.does_not_exist()


def _item(prediction_id: str) -> PredictionItem | None:
    model = table.predictions()
    with translated(f"reading {prediction_id}"):
        try:
            item = model.get(prediction_id, consistent_read=True)
        except model.DoesNotExist:
            return None
    return item if is_live(item, now=now()) else None


def update(prediction_id: str, actions: Sequence[Action], condition: Condition) -> Prediction | None:
    """Do this to the item if it is there and meets the condition; the prediction afterwards, or None if it doesn't."""
    item = table.predictions()(prediction_id)
    with translated(f"updating {prediction_id}"):
        try:
            item.update(actions=list(actions), condition=_THERE & condition)
        except UpdateError as error:
            if not _refused(error):
                raise
            return None
    return to_prediction(item)


def _update_and_count(prediction_id: str, actions: Sequence[Action], condition: Condition, counted: counters.Counted) -> bool:
    """The same in one transaction with the hour's counters, so that only the write that wins is counted. True: it won."""
    item = table.predictions()(prediction_id)
    with translated(f"updating {prediction_id}"):
        return counters.in_one_transaction(
            lambda transaction: transaction.update(item, actions=list(actions), condition=_THERE & condition), counted
        )


def _close(held: Claim, result: Action, counted: counters.Counted) -> bool:
    actions = [
        result,
        PredictionItem.open_shard.remove(),
        PredictionItem.claim_token.remove(),
        PredictionItem.claimed_until.remove(),
    ]
    return _update_and_count(held.prediction.prediction_id, actions, _OPEN, counted)


def _why_not(prediction_id: str, at: datetime) -> Exception:
    item = _item(prediction_id)
    if item is None:
        return NotFound(prediction_id)
    prediction = to_prediction(item)
    if not prediction.is_open:
        return AlreadyReplied(prediction_id)
    if not prediction.is_finished:
        return NotFinished(f"{prediction_id} is {prediction.status.value}", retry_after=10)
    left = (item.claimed_until - at).total_seconds() if item.claimed_until else 0
    return Claimed(f"{prediction_id} is being answered", retry_after=min(max(1, round(left + 0.5)), CLAIM_RETRY_SECONDS))


def _refused(error: UpdateError) -> bool:
    return error.cause_response_code == "ConditionalCheckFailedException"
