"""A further run of a photo's prediction, in the place of one that came to nothing."""

from __future__ import annotations

from datetime import datetime

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from detection import aws, config, predictions, table
from detection.clock import now
from detection.items import expiry, new_item
from detection.prediction import Failure, Prediction, Status, prediction_id
from detection.table import PredictionItem


def run_again(prediction: Prediction) -> Prediction | None:
    """The run after this one, as it is stored: made now, or before. None: it was erased. Raises Unavailable.

    Where this run is still open it is closed in the same transaction: FAILED, and undeliverable because the next run answers in its
    place. So the chat never waits for both, and a worker that has this one yet can't finish it.
    """
    successor = _successor(prediction, now())
    if not prediction.is_finished and _replace(prediction, successor):
        return predictions.unless_erased(successor)
    return predictions.create(successor)


def _successor(prediction: Prediction, at: datetime) -> Prediction:
    """The id holds the number of the run that the caller saw plus one: asked for twice, it is the same prediction."""
    run = prediction.run + 1
    return Prediction(
        prediction_id=prediction_id(prediction.chat_id, prediction.message_id, run=run),
        chat_id=prediction.chat_id,
        message_id=prediction.message_id,
        run=run,
        operation=prediction.operation,
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
        PredictionItem.undeliverable.set(f"run again as {new.prediction_id}"),
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
