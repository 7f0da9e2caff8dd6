"""What a person says of an answer. Who said it, and when, is in the admin's log."""

from __future__ import annotations

from detection import predictions
from detection.prediction import RIGHT, WRONG, Prediction, Status
from detection.table import PredictionItem


def judge(prediction_id: str, verdict: str) -> Prediction | None:
    """Note the verdict, RIGHT or WRONG; the last one stays. None: there is no such prediction, or it isn't DONE.

    Raises Unavailable.
    """
    if verdict not in {RIGHT, WRONG}:
        raise ValueError(f"{verdict!r} is no verdict: it is {RIGHT} or {WRONG}")
    return predictions.update(prediction_id, [PredictionItem.verdict.set(verdict)], PredictionItem.status == Status.DONE.value)
