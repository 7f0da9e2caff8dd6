"""The service's Celery app with a task that sleeps in the place of looking at the photo: all else that the queue sees is as it is.

The environment: that of a worker, NAP_SECONDS, and NAP_TASKS, the file of the tasks' events.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.events import Log
from detection import predictions
from detection.celery import DETECT, app
from detection.predictions import Outcome

_log = Log(Path(os.environ["NAP_TASKS"]))
_seconds = float(os.environ["NAP_SECONDS"])
app.conf.include = []  # not the tasks that look at photos


@app.task(name=DETECT)
def nap(prediction_id: str) -> None:
    """Sleeps, and closes the prediction as an answered chat would."""
    _log("start", id=prediction_id)
    predictions.start(prediction_id, worker="napping")
    time.sleep(_seconds)
    predictions.finish(prediction_id, Outcome())
    predictions.mark_replied(predictions.claim(prediction_id))
    _log("end", id=prediction_id)
