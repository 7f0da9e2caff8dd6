"""The worker's story, step by step, on a real S3, table and queue; only the model is a stand-in that finds what a test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detection import config, photos, predictions
from detection.clock import now
from detection.decode import decode
from detection.errors import PhotoMissing, Unavailable
from detection.pipeline import give_up, process
from detection.prediction import Box, Detection, Failure, Prediction, Status
from detection.predictions import Outcome
from detection.reruns import run_again
from detection.submit import submit_photo
from tests import queues
from tests.clouds import Cloud
from tests.photos import rotated, text
from tests.results_server import ResultsServer

CAT = Detection("cat", 0.91, Box(0.1, 0.2, 0.5, 0.75))


def plain(width: int = 640, height: int = 480) -> bytes:
    """A grey JPEG, on which whatever is drawn shows."""
    return bytes(cv2.imencode(".jpg", np.full((height, width, 3), 128, np.uint8))[1])


@dataclass
class SettledDetector:
    """Finds a cat (or what else it is told) in every photo; `meanwhile` is what happens while it looks."""

    model: str = "settled-1"
    meanwhile: Callable[[], object] = lambda: None
    seen: list[tuple[int, ...]] = field(default_factory=list)
    found: tuple[Detection, ...] = (CAT,)

    def detect(self, photo: NDArray[np.uint8]) -> tuple[Detection, ...]:
        self.seen.append(photo.shape)
        self.meanwhile()
        return self.found


def submit(photo: bytes, message_id: int = 7) -> str:
    prediction = submit_photo(photo, chat_id=42, message_id=message_id, received_at=now())
    assert prediction is not None
    return prediction.prediction_id


def stored(name: str) -> Prediction:
    prediction = predictions.get(name)
    assert prediction is not None
    return prediction


def test_a_photo_is_looked_at_drawn_on_and_announced(results_server: ResultsServer, cloud: Cloud) -> None:
    name = submit(plain())
    process(name, SettledDetector(), worker="w1")
    prediction = stored(name)
    assert (prediction.status, prediction.detections, prediction.model) == (Status.DONE, (CAT,), "settled-1")
    assert (prediction.attempts, prediction.worker) == (1, "w1")
    assert prediction.annotated_key == "42/42-7/annotated-1.jpg"
    before = decode(photos.get(prediction.photo_key), max_pixels=10**7)
    after = decode(photos.get(prediction.annotated_key), max_pixels=10**7)
    assert before.shape == after.shape
    assert np.abs(before.astype(int) - after).max() > 60, "nothing was drawn"
    times = [prediction.queued_at, prediction.started_at, prediction.detected_at, prediction.saved_at, prediction.finished_at]
    assert None not in times
    assert times == sorted(t for t in times if t)
    assert [name for name, _ in results_server.announced] == ["42-7"]


def test_twice_is_once_and_announced_again(results_server: ResultsServer, cloud: Cloud) -> None:
    name, detector = submit(plain()), SettledDetector()
    process(name, detector, worker="w1")
    first = stored(name)
    process(name, detector, worker="w2")
    assert stored(name) == first
    assert len(detector.seen) == 1
    assert len(results_server.announced) == 2, "the first announcement may not have been heard"


def test_the_second_of_two_at_once_removes_its_own_annotated_photo(results_server: ResultsServer, cloud: Cloud) -> None:
    name = submit(plain())
    slow = SettledDetector(meanwhile=lambda: process(name, SettledDetector(), worker="quick"))
    process(name, slow, worker="slow")
    prediction = stored(name)
    assert prediction.annotated_key == "42/42-7/annotated-2.jpg"
    assert photos.exists(prediction.annotated_key)
    assert not photos.exists("42/42-7/annotated-1.jpg")


def test_what_is_no_photo_fails_and_is_announced(results_server: ResultsServer, cloud: Cloud) -> None:
    name = submit(text())
    process(name, SettledDetector(), worker="w1")
    assert (stored(name).status, stored(name).failure) == (Status.FAILED, Failure.NOT_A_PHOTO)
    assert [name for name, _ in results_server.announced] == ["42-7"]


def test_too_many_pixels_are_not_opened(results_server: ResultsServer, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_PIXELS", "1000000")
    config.forget()
    name, detector = submit(plain(1100, 1000)), SettledDetector()
    process(name, detector, worker="w1")
    assert (stored(name).failure, detector.seen) == (Failure.TOO_LARGE, [])


def test_the_attempt_after_the_last_does_not_run(results_server: ResultsServer, cloud: Cloud) -> None:
    """Three attempts were started and never heard of again, as when the photo ends its worker each time."""
    name, detector = submit(plain()), SettledDetector()
    for attempt in range(3):
        predictions.start(name, worker=f"dead-{attempt}")
    process(name, detector, worker="w4")
    assert (stored(name).status, stored(name).failure) == (Status.FAILED, Failure.GAVE_UP)
    assert detector.seen == []
    assert [name for name, _ in results_server.announced] == ["42-7"]


def wanting(model: str) -> str:
    """A run of a photo that was asked to be made with this model."""
    first = stored(submit(plain()))
    predictions.finish(first.prediction_id, Outcome(model="settled-1"))
    again = run_again(stored(first.prediction_id), model=model)
    assert again is not None
    return again.prediction.prediction_id


@pytest.mark.parametrize("wanted", ["settled-1", "other-2"])
def test_a_run_is_made_with_the_model_that_it_wants(results_server: ResultsServer, cloud: Cloud, wanted: str) -> None:
    own, other = SettledDetector(), SettledDetector(model="other-2")
    process(name := wanting(wanted), own, worker="w1", further={"other-2": other}.get)
    assert (stored(name).status, stored(name).model) == (Status.DONE, wanted)
    assert (len(own.seen), len(other.seen)) == ((1, 0) if wanted == "settled-1" else (0, 1))


def test_a_model_that_the_worker_does_not_have_is_a_failure_and_announced(
    results_server: ResultsServer, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    process(name := wanting("other-2"), detector := SettledDetector(), worker="w1")
    assert (stored(name).status, stored(name).failure, detector.seen) == (Status.FAILED, Failure.NO_MODEL, [])
    assert [name for name, _ in results_server.announced] == [name]
    assert "no model other-2; FURTHER_MODELS names those it has" in caplog.text


def test_a_model_that_ends_the_worker_when_it_is_loaded_is_given_up(results_server: ResultsServer, cloud: Cloud) -> None:
    name = wanting("heavy-1")
    for attempt in range(3):
        predictions.start(name, worker=f"dead-{attempt}")
    process(name, SettledDetector(), worker="w4", further=lambda _: pytest.fail("loaded once more"))
    assert stored(name).failure is Failure.GAVE_UP


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_the_size_of_the_photo_is_stored_as_a_person_sees_it(results_server: ResultsServer, cloud: Cloud, orientation: int) -> None:
    process(name := submit(rotated(plain(6000, 300), orientation=orientation)), SettledDetector(), worker="w1")
    assert (stored(name).width, stored(name).height) == (6000, 300)


def test_an_outage_is_no_attempt(results_server: ResultsServer, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    name = submit(plain())
    monkeypatch.setenv("PHOTOS_BUCKET", "gone-for-now")
    config.forget()
    for _ in range(5):
        with pytest.raises(Unavailable):
            process(name, SettledDetector(), worker="w1")
    monkeypatch.setenv("PHOTOS_BUCKET", cloud.bucket)
    config.forget()
    process(name, SettledDetector(), worker="w1")
    assert (stored(name).status, stored(name).attempts, stored(name).failed_attempts) == (Status.DONE, 6, 1)


def test_erased_while_it_is_looked_at_leaves_nothing(results_server: ResultsServer, cloud: Cloud) -> None:
    name = submit(plain())
    process(name, SettledDetector(meanwhile=lambda: predictions.erase(name)), worker="w1")
    assert predictions.get(name) is None
    with pytest.raises(PhotoMissing):
        photos.get("42/42-7/annotated-1.jpg")
    assert results_server.announced == []


def test_no_such_prediction_is_dropped(results_server: ResultsServer, cloud: Cloud) -> None:
    process("1-1", SettledDetector(), worker="w1")
    assert results_server.announced == []


def test_a_photo_that_is_gone_fails(results_server: ResultsServer, cloud: Cloud) -> None:
    name = submit(plain())
    photos.delete(stored(name).photo_key)
    process(name, SettledDetector(), worker="w1")
    assert stored(name).status is Status.FAILED
    assert [name for name, _ in results_server.announced] == ["42-7"]


def test_every_line_begins_with_the_id(results_server: ResultsServer, cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    process(submit(plain()), SettledDetector(), worker="w1")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("detection.")]
    assert [line.split()[1].rstrip(":") for line in lines] == [
        "stored", "created", "sent", "queued", "started", "loaded", "detected", "saved", "finished", "announced",
    ]  # fmt: skip
    assert {line.split()[0] for line in lines} == {"42-7"}


def test_a_prediction_whose_task_is_poison_is_given_up_and_announced(cloud: Cloud) -> None:
    prediction = submit_photo(plain(), chat_id=42, message_id=7, received_at=now())
    assert prediction is not None
    give_up(prediction.prediction_id)
    stored = predictions.get(prediction.prediction_id)
    assert stored is not None
    assert (stored.status, stored.failure) == (Status.FAILED, Failure.GAVE_UP)
    assert [task.arguments for task in queues.receive("answers")] == [["42-7"]]


def test_giving_up_what_is_gone_tells_nobody(cloud: Cloud) -> None:
    give_up("42-7")
    assert queues.depth("answers") == (0, 0, 0)
