"""A made-up month: so many, the same for the same seed, and believable."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from detection.fill.coco import FREQUENCIES
from detection.fill.month import heaviest_chat, month
from detection.fill.people import DAYS
from detection.prediction import Prediction, Status, prediction_id

UNTIL = datetime(2026, 11, 23, 21, 47, tzinfo=UTC)
STAGES = ("received_at", "created_at", "queued_at", "started_at", "detected_at", "saved_at", "finished_at", "replied_at")


@pytest.fixture(scope="module")
def made() -> list[Prediction]:
    return month(6000, seed=3, until=UNTIL)


def test_it_has_so_many_in_the_order_of_their_making(made: list[Prediction]) -> None:
    assert len(made) == len({one.prediction_id for one in made}) == 6000
    assert made == sorted(made, key=lambda one: (one.created_at, one.prediction_id))
    assert UNTIL - timedelta(days=DAYS) <= made[0].received_at
    assert max(one.finished_at or one.created_at for one in made) < UNTIL
    assert max(one.replied_at or one.created_at for one in made) < UNTIL
    assert all(one.prediction_id == prediction_id(one.chat_id, one.message_id, run=one.run) for one in made)


@pytest.mark.parametrize("count", [1, 3, 4, 100, 999])
def test_of_any_size(count: int) -> None:
    assert len(month(count, seed=1, until=UNTIL)) == count


def test_a_seed_gives_the_same_and_another_one_other_chats(made: list[Prediction]) -> None:
    assert month(6000, seed=3, until=UNTIL) == made
    other = month(6000, seed=4, until=UNTIL)
    assert not {one.chat_id for one in other} & {one.chat_id for one in made}


@pytest.mark.parametrize("count", [4, 6000])
def test_the_heaviest_chat_is_known_before(count: int) -> None:
    chats = Counter(one.chat_id for one in month(count, seed=3, until=UNTIL))
    assert chats[heaviest_chat(3)] == max(chats.values())


def test_stages_follow_each_other(made: list[Prediction]) -> None:
    for one in made:
        times = [at for name in STAGES if (at := getattr(one, name))]
        assert all(before < after for before, after in pairwise(times)) or one.run, one
        assert one.run == 0 or (one.stored_at and one.stored_at < one.received_at == one.created_at)


def test_each_is_as_the_service_would_have_left_it(made: list[Prediction]) -> None:
    for one in made:
        done = one.status is Status.DONE
        assert (one.finished_at is not None) is one.is_finished
        assert (one.failure is not None) is (one.status is Status.FAILED)
        assert (one.model is not None) is (one.annotated_key is not None) is (one.saved_at is not None) is (one.width is not None) is done
        assert done or not one.detections
        assert one.is_finished or one.is_open
        assert not (one.replied_at and one.undeliverable)
        assert all(0 <= side <= 1 for found in one.detections for side in (found.box.x1, found.box.y1, found.box.x2, found.box.y2))
        assert all(found.box.x1 < found.box.x2 and found.box.y1 < found.box.y2 for found in one.detections)


def test_only_the_newest_are_waited_for(made: list[Prediction]) -> None:
    waiting = [one for one in made if one.is_open]
    assert waiting == made[-len(waiting) :]
    assert len(waiting) == 6
    assert {(one.status, one.started_at is None) for one in waiting} == {
        (Status.QUEUED, True), (Status.QUEUED, False), (Status.DONE, False)
    }  # fmt: skip


def test_there_is_something_of_everything_an_operator_looks_for(made: list[Prediction]) -> None:
    share = {name: sum(map(test, made)) / len(made) for name, test in _KINDS.items()}
    assert 0.03 < share["failed"] < 0.06
    assert 0.005 < share["undeliverable"] < 0.02
    assert 0.005 < share["slow"] < 0.05
    assert 0.1 < share["bulk"] < 0.35
    assert 0.01 < share["further"] < 0.03
    assert 0.02 < share["judged"] < 0.04
    assert {one.wanted_model in {None, one.model} for one in made if one.model} == {True}
    assert any(one.wanted_model for one in made)
    assert len({one.model for one in made if one.model}) == 3
    assert len({one.failure for one in made if one.failure}) == 6
    assert any(one.chat_id < 0 for one in made)


_KINDS = {
    "failed": lambda one: one.status is Status.FAILED,
    "undeliverable": lambda one: one.undeliverable is not None,
    "slow": lambda one: one.replied_at is not None and one.replied_at - one.received_at > timedelta(seconds=10),
    "bulk": lambda one: one.queue == "photos-bulk",
    "judged": lambda one: one.verdict is not None,
    "further": lambda one: one.run > 0,
}


def test_evenings_are_busier_than_nights_and_few_chats_send_most(made: list[Prediction]) -> None:
    hours = Counter(one.created_at.hour for one in made)
    assert sum(hours[hour] for hour in (18, 19, 20, 21)) > 5 * sum(hours[hour] for hour in (1, 2, 3, 4))
    chats = Counter(one.chat_id for one in made)
    assert sum(times for _, times in chats.most_common(5)) > len(made) / 3
    assert len(chats) > 40


def test_labels_are_as_frequent_as_in_coco(made: list[Prediction]) -> None:
    assert len(FREQUENCIES) == 80
    found = Counter(one.label for prediction in made for one in prediction.detections)
    everything, all_found = sum(FREQUENCIES.values()), found.total()
    for label in ("person", "chair", "car", "book"):
        assert found[label] / all_found == pytest.approx(FREQUENCIES[label] / everything, rel=0.15)
