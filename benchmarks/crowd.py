"""`python -m benchmarks.crowd FILE CHAT FIRST MESSAGES CHATS PAUSE`: chats that send photos through the service's front door to the queue.

From CHAT on, so many CHATS send so many MESSAGES each, numbered from FIRST, with a PAUSE in seconds between two. Each is written to
FILE when it is sent.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.events import Log
from detection import photos, predictions
from detection.clock import now
from detection.prediction import Prediction, prediction_id
from detection.send import send_detection


def main(file: str, *numbers: str) -> None:
    chat, first, messages, chats = map(int, numbers[:4])
    pause = float(numbers[4])
    note, began = Log(Path(file)), time.monotonic()
    for number in range(chats * messages):
        time.sleep(max(0.0, began + number * pause - time.monotonic()))
        chat_id, message_id = chat + number // messages, first + number % messages
        name, at = prediction_id(chat_id, message_id), now()
        made = predictions.create(
            Prediction(
                prediction_id=name,
                chat_id=chat_id,
                message_id=message_id,
                photo_key=photos.photo_key(chat_id, name),
                received_at=at,
                created_at=at,
            )
        )
        note("sent", id=name, chat=chat_id)
        if made is not None:
            send_detection(made)


if __name__ == "__main__":
    main(*sys.argv[1:])
