"""An answer once more, because an operator wants it so."""

from __future__ import annotations

import logging
from typing import Any

from detection import predictions
from detection.clock import now
from detection.items import open_shard
from detection.prediction import Prediction
from detection.reruns import REPLACED
from detection.send import send_announcement
from detection.table import PredictionItem

log = logging.getLogger(__name__)


def resend(seen: Prediction) -> bool:
    """Open the prediction again and have it announced, if it still is as the caller saw it. False: it isn't, or it is gone.

    So twice is once: the first call changes what the second one has seen. Raises Unavailable; where only the announcement could not
    be sent, `reconcile` sends it two minutes later, since the prediction is open. Raises ValueError where `why_not` has a reason.
    """
    if reason := why_not(seen):
        raise ValueError(f"{seen.prediction_id} can't be sent again: {reason}")
    unchanged = (
        _as_seen(PredictionItem.replied_at, seen.replied_at)
        & _as_seen(PredictionItem.undeliverable, seen.undeliverable)
        & _as_seen(PredictionItem.reopened_at, seen.reopened_at)
    )
    actions = [
        PredictionItem.replied_at.remove(),
        PredictionItem.undeliverable.remove(),
        PredictionItem.reopened_at.set(now()),
        PredictionItem.open_shard.set(open_shard(seen.prediction_id)),
    ]
    if predictions.update(seen.prediction_id, actions, unchanged) is None:
        return False
    log.info("%s opened again", seen.prediction_id)
    send_announcement(seen.prediction_id)
    return True


def why_not(prediction: Prediction) -> str | None:
    """Why its answer can't be sent again; None where it can."""
    if prediction.is_open:
        return "it has not been answered yet"
    if (prediction.undeliverable or "").startswith(REPLACED):
        return "a further run answers in its place"
    return None


def _as_seen(attribute: Any, value: object) -> Any:
    return attribute.does_not_exist() if value is None else attribute == value
