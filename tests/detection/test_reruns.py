"""Further runs of a photo: made once, with the model that was asked for, and found again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from detection import erasing, photos, predictions
from detection.erasing import Erased
from detection.prediction import Prediction, Status
from detection.predictions import Outcome
from detection.reruns import runs_of, start_again
from tests import queues
from tests.clouds import Cloud
from tests.detection.test_predictions import created

both_emulators = pytest.mark.parametrize("cloud", ["ministack", "moto"], indirect=True)


def stored(name: str) -> Prediction:
    found = predictions.get(name)
    assert found
    return found


def done(message_id: int = 7) -> Prediction:
    name = created(message_id)
    predictions.finish(name, Outcome(model="m-1"))
    return stored(name)


def test_a_run_with_another_model_beside_one_that_is_done(cloud: Cloud) -> None:
    first = done()
    again = start_again(first, model="m-2")
    assert again
    assert again.is_new
    assert (stored("42-7-1").wanted_model, stored("42-7-1").status, stored("42-7-1").photo_key) == ("m-2", Status.QUEUED, first.photo_key)
    assert stored("42-7") == first
    assert [task.arguments for task in queues.receive("photos")] == [["42-7-1"]]


def test_twice_is_once_and_told(cloud: Cloud) -> None:
    first = done()
    assert start_again(first, model="m-2")
    again = start_again(first, model="m-3")
    assert again
    assert (again.is_new, again.prediction.wanted_model) == (False, "m-2")
    assert len(queues.receive("photos")) == 1


def test_of_many_at_once_one_makes_it(cloud: Cloud) -> None:
    first = done()
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: start_again(first), range(6)))
    assert sum(again.is_new for again in made if again) == 1
    assert [one.prediction_id for one in runs_of("42-7")] == ["42-7", "42-7-1"]


@both_emulators
def test_all_runs_are_found_from_each_of_them_over_gaps(cloud: Cloud) -> None:
    latest = done()
    done(8)
    for _ in range(12):
        again = start_again(latest)
        assert again
        latest = again.prediction
    for gone in ("42-7-3", "42-7-9"):
        predictions.erase(gone)
    expected = [0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12]
    assert [one.run for one in runs_of("42-7")] == [one.run for one in runs_of("42-7-12")] == expected
    assert runs_of("42-9") == []


def test_a_run_is_erased_alone_and_the_first_one_with_all(cloud: Cloud) -> None:
    first = latest = done()
    for _ in range(2):
        again = start_again(latest)
        assert again
        latest = again.prediction
    for key in ("42-7/photo", "42-7/annotated-1.jpg", "42-7-1/annotated-1.jpg", "42-7-2/annotated-1.jpg", "42-70/photo"):
        photos.put(f"42/{key}", b"x", content_type="image/jpeg")
    assert erasing.erase_prediction("42-7-1") == Erased(("42-7-1",), 1)
    assert [one.run for one in runs_of("42-7")] == [0, 2]
    assert erasing.erase_prediction("42-7") == Erased(("42-7", "42-7-2"), 3)
    assert photos.keys("42/") == {"42/42-70/photo"}
    assert erasing.erase_prediction("42-7") == Erased((), 0)
    assert start_again(first) is None


def test_pictures_that_an_earlier_try_has_left_are_found(cloud: Cloud) -> None:
    photos.put("42/42-7-1/annotated-1.jpg", b"x", content_type="image/jpeg")
    assert erasing.erase_prediction("42-7") == Erased((), 1)


def test_what_is_no_id_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ValueError, match="is no prediction's id"):
        erasing.erase_prediction("42")
