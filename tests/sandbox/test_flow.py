"""The eight steps, for people and for programs."""

from __future__ import annotations

from typing import Any

from sandbox.flow import described, result

BOX = {"x1": 0.1, "y1": 0.2, "x2": 0.5, "y2": 0.9}
DONE: dict[str, Any] = {
    "prediction_id": "42-7",
    "status": "DONE",
    "model": "yolov5n-4f18",
    "detections": [{"label": "cat", "confidence": 0.91, "box": BOX}],
    "received_at": "2026-01-02T03:04:05.000000+00:00",
    "stored_at": "2026-01-02T03:04:05.020000+00:00",
    "queued_at": "2026-01-02T03:04:05.040000+00:00",
    "started_at": "2026-01-02T03:04:05.060000+00:00",
    "detected_at": "2026-01-02T03:04:05.500000+00:00",
    "saved_at": "2026-01-02T03:04:05.600000+00:00",
    "finished_at": "2026-01-02T03:04:05.620000+00:00",
    "replied_at": "2026-01-02T03:04:06.250000+00:00",
}
FAILED = DONE | {"status": "FAILED", "model": None, "detections": [], "detected_at": None, "saved_at": None}


def test_eight_steps_with_their_times() -> None:
    title, *steps = described(DONE)
    assert title == "Prediction 42-7, step by step:"
    assert [line.split()[0] for line in steps] == list("12345678")
    assert steps[0].endswith("03:04:05.000   +0.000 s")
    assert steps[7].endswith("03:04:06.250   +1.250 s")


def test_a_step_that_was_not_reached_has_no_time() -> None:
    steps = described(FAILED)[1:]
    assert [line.endswith("  -") for line in steps] == [False, False, False, False, True, True, False, False]


def test_the_result_of_a_photo() -> None:
    assert result(DONE, caption="1 object: 1 cat (91 %)", seconds=9) == {
        "prediction_id": "42-7",
        "status": "DONE",
        "caption": "1 object: 1 cat (91 %)",
        "model": "yolov5n-4f18",
        "seconds": 1.25,
        "detections": [{"label": "cat", "confidence": 0.91, "box": BOX}],
    }


def test_the_result_where_the_chat_could_not_be_answered() -> None:
    assert result(DONE | {"replied_at": None}, caption="", seconds=2.0006)["seconds"] == 2.001


def test_the_result_of_what_the_bot_made_no_prediction_of() -> None:
    assert result(None, caption="That file is over 20 MB.", seconds=0.5) == {
        "prediction_id": None,
        "status": "FAILED",
        "caption": "That file is over 20 MB.",
        "model": None,
        "seconds": 0.5,
        "detections": [],
    }
