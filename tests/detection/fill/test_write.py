"""What is written of a made-up month is what the service itself would have written."""

from __future__ import annotations

import io
from collections import Counter
from datetime import timedelta
from typing import Any

import boto3
import pytest
from PIL import Image

from detection import __main__ as command
from detection import aws, counters, listing, photos, predictions, table
from detection.clock import now
from detection.counters import SHARDS, hour
from detection.fill.month import month
from detection.fill.write import _counted, fill, write
from detection.filters import Filters
from detection.prediction import Box, Detection, Failure, Prediction
from detection.predictions import Outcome
from tests.clouds import Cloud
from tests.counted import counted
from tests.detection.test_predictions import created

FOUND = (Detection("cat", 0.91, Box(0.1, 0.2, 0.5, 0.75)), Detection("cat", 0.5, Box(0, 0, 1, 1)))


def stored(prediction_id: str) -> dict[str, Any]:
    """The item as DynamoDB has it."""
    found: dict[str, Any] = boto3.client("dynamodb").get_item(
        TableName=table.predictions().Meta.table_name, Key={"prediction_id": {"S": prediction_id}}
    )["Item"]
    return found


def lived(message_id: int, outcome: Outcome | None, *, undeliverable: str = "", replied: bool = True) -> Prediction:
    """A prediction that went the service's own way."""
    name = created(message_id)
    predictions.mark_queued(name, queue="photos", at=now())
    started = predictions.start(name, worker="w1")
    if outcome:
        predictions.finish(name, outcome, started=started)
        if undeliverable:
            predictions.mark_undeliverable(predictions.claim(name), undeliverable)
        elif replied:
            predictions.mark_replied(predictions.claim(name))
    known = predictions.get(name)
    assert known
    return known


@pytest.fixture
def lives(cloud: Cloud) -> list[Prediction]:
    """One of each kind."""
    done = Outcome(
        model="m-1", size=(640, 480), detections=FOUND, annotated_key="42/42-1/annotated-1.jpg", detected_at=now(), saved_at=now()
    )
    return [
        lived(1, done),
        lived(2, Outcome(failure=Failure.DAMAGED, detected_at=now())),
        lived(3, Outcome(failure=Failure.GAVE_UP), undeliverable="Chat not found"),
        lived(4, done, replied=False),
        lived(5, None),
    ]


def test_items_are_those_that_the_services_own_writes_leave(lives: list[Prediction]) -> None:
    real = {one.prediction_id: stored(one.prediction_id) for one in lives}
    for one in lives:
        predictions.erase(one.prediction_id)
    write(lives)
    assert {one.prediction_id: stored(one.prediction_id) for one in lives} == real


def test_counts_are_those_that_the_services_own_writes_count(lives: list[Prediction]) -> None:
    sums: Counter[str] = Counter()
    for one in lives:
        for each in _counted(one):
            sums.update(each.amounts)
    assert dict(sums) == counted()


def test_a_month_is_listed_and_counted(cloud: Cloud) -> None:
    until = now()
    said: list[str] = []
    made = fill(300, seed=5, until=until, pictures=30, tell=said.append)
    assert said == ["drew the photos of 30 predictions", "counted them by the hour"]
    assert made == month(300, seed=5, until=until)
    first = listing.page(Filters(), size=20)
    assert list(first.predictions) == made[:-21:-1]
    assert [one.prediction_id for one in predictions.open_before(now())] != []
    assert {one.prediction_id for one in predictions.open_before(now())} == {one.prediction_id for one in made if one.is_open}
    sums = _all_counted()
    assert sums["photos"] == sum(one.run == 0 for one in made)
    assert sums["done"] + sums["failed"] == sum(one.is_finished for one in made)
    assert sums["replied"] == sum(one.replied_at is not None for one in made)
    assert sums["class:person"] == sum(found.label == "person" for one in made for found in one.detections)


def test_the_newest_have_their_pictures(cloud: Cloud) -> None:
    made = fill(120, seed=6, until=now(), pictures=20)
    for one in made[-20:]:
        assert photos.exists(one.photo_key)
        if one.annotated_key:
            assert Image.open(io.BytesIO(photos.get(one.photo_key))).size == (one.width, one.height)
            assert Image.open(io.BytesIO(photos.get(one.annotated_key))).format == "JPEG"
    assert not photos.exists(made[0].photo_key)


def test_a_second_time_nothing_is_written_or_counted_twice(cloud: Cloud) -> None:
    fill(40, seed=7, until=now())
    before = _all_counted()
    assert fill(40, seed=7, until=now() + timedelta(minutes=5)) == []
    assert fill(90, seed=7, until=now()) == []
    assert _all_counted() == before
    assert fill(40, seed=8, until=now())


def test_real_aws_is_refused_before_anything_is_asked(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    aws.forget()
    try:
        assert command.main(["fill", "--predictions", "10"]) == 2
    finally:
        aws.forget()
    assert "nothing made: https://dynamodb.eu-north-1.amazonaws.com is no emulator on this machine" in capsys.readouterr().err


def test_fewer_than_one_is_no_month(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["fill", "--predictions", "0"])
    assert "0 is too few: give 1 or more" in capsys.readouterr().err


def test_the_command_says_what_it_made(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["fill", "--predictions", "30", "--pictures", "0", "--seed", "9"]
    assert command.main(given) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "made 30 predictions of 4 chats"
    assert command.main(given) == 1
    assert "seed 9's are there already" in capsys.readouterr().out


def _all_counted() -> Counter[str]:
    """Over all hours."""
    sums: Counter[str] = Counter()
    for item in boto3.client("dynamodb").scan(TableName=table.counters().Meta.table_name)["Items"]:
        sums.update({name: int(value["N"]) for name, value in item.items() if "N" in value and name != "expires_at"})
    return sums


def test_many_names_of_one_hour_are_counted_in_parts(cloud: Cloud) -> None:
    at = now()
    names = {counters.named("class", f"thing {number}"): number + 1 for number in range(250)}
    counters.add([counters.Counted(names, at), counters.Counted({"class:thing 0": 4}, at)])
    sums = _all_counted()
    assert sums["class:thing 0"] == 5
    assert sums["class:thing 249"] == 250
    assert {item["name"]["S"] for item in boto3.client("dynamodb").scan(TableName=table.counters().Meta.table_name)["Items"]} <= {
        hour(at, shard) for shard in range(SHARDS)
    }
