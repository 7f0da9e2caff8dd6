"""Further runs of a photo's prediction: in the place of one that came to nothing, or beside one that was answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from detection import aws, config, predictions, table
from detection.clock import now
from detection.items import expiry, new_item
from detection.prediction import Failure, Prediction, Status, parts_of, prediction_id
from detection.send import send_detection
from detection.table import PredictionItem

REPLACED = "run again as "  # how the reason of an open one begins that a further run has replaced
_RUNS_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Rerun:
    """A further run, and whether it was made by this call or was there before."""

    prediction: Prediction
    is_new: bool


def start_again(prediction: Prediction, *, model: str | None = None) -> Rerun | None:
    """The run after this one, made as by `run_again` and sent to a worker, both at most once. Raises Unavailable."""
    made = run_again(prediction, model=model)
    # It may have been made before, and finished at this very moment.
    if made and made.prediction.queued_at is None and not made.prediction.is_finished:
        send_detection(made.prediction)
    return made


def runs_of(name: str) -> list[Prediction]:
    """All runs of the photo that this prediction's id belongs to, the first one first; those that are left. Raises Unavailable."""
    chat_id, message_id, _ = parts_of(name)
    found: list[Prediction] = []
    for begin in count(0, _RUNS_AT_ONCE):  # one that was erased leaves a gap in their numbers
        some = range(begin, begin + _RUNS_AT_ONCE)
        there = predictions.get_all([prediction_id(chat_id, message_id, run=run) for run in some])
        if not there:
            break
        found += there
    return found


def run_again(prediction: Prediction, *, model: str | None = None) -> Rerun | None:
    """The run after this one, as it is stored: made now, to be looked at by this model's version, or made before. None: it was erased.

    Where this run is still open it is closed in the same transaction: FAILED, and undeliverable because the next run answers in its
    place. So the chat never waits for both, and a worker that has this one yet can't finish it. Raises Unavailable.
    """
    successor = _successor(prediction, now(), model)
    if not prediction.is_finished and _replace(prediction, successor):
        stored = predictions.unless_erased(successor)
    else:
        stored = predictions.create(successor)
    # What was stored before is read anew; what is stored by this call is this very object.
    return Rerun(stored, is_new=stored is successor) if stored else None


def _successor(prediction: Prediction, at: datetime, model: str | None) -> Prediction:
    """The id holds the number of the run that the caller saw plus one: asked for twice, it is the same prediction."""
    run = prediction.run + 1
    return Prediction(
        prediction_id=prediction_id(prediction.chat_id, prediction.message_id, run=run),
        chat_id=prediction.chat_id,
        message_id=prediction.message_id,
        run=run,
        operation=prediction.operation,
        wanted_model=model,
        photo_key=prediction.photo_key,
        stored_at=prediction.stored_at,
        received_at=at,  # its chat's wait for this run begins now; the first run's is counted with the first run
        created_at=at,
    )


def _replace(old: Prediction, new: Prediction) -> bool:
    """Both or neither. False: the old one was finished, or the new one made, by somebody else meanwhile."""
    model = table.predictions()
    item = new_item(model, new, expires_at=expiry(new.created_at, days=config.shared().retention_days))
    actions: list[Action] = [
        PredictionItem.status.set(Status.FAILED.value),
        PredictionItem.failure.set(Failure.GAVE_UP.value),
        PredictionItem.undeliverable.set(REPLACED + new.prediction_id),
        PredictionItem.finished_at.set(new.created_at),
        PredictionItem.detections.set([]),
        PredictionItem.open_shard.remove(),
    ]
    queued = PredictionItem.prediction_id.exists() & (PredictionItem.status == Status.QUEUED.value)
    with aws.translated(f"running {old.prediction_id} again"):
        try:
            with TransactWrite(connection=aws.dynamodb()) as transaction:
                transaction.save(item, condition=PredictionItem.prediction_id.does_not_exist())
                transaction.update(model(old.prediction_id), actions=actions, condition=queued)
        except TransactWriteError as error:
            if "ConditionalCheckFailed" not in [reason.code if reason else None for reason in error.cancellation_reasons]:
                raise
            return False
    return True
