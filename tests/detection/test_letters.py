"""Redriving a letter: a photo gets a new run, once, in the place of the one that came to nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from detection import aws, config, overview, predictions
from detection.celery import ANNOUNCE, DETECT, RECONCILE
from detection.clock import now
from detection.errors import Unavailable
from detection.items import OPEN_SHARDS
from detection.letters import NotOurs, redrive
from detection.overview import oldest
from detection.prediction import Failure, Prediction, Status
from detection.predictions import Outcome
from detection.reruns import run_again
from detection.submit import submit_photo
from taskqueue.dead_letters import DeadLetter
from tests import queues
from tests.clouds import Cloud, send_through
from tests.emulators import ROOT
from tests.requests_made import requests_made

both_emulators = pytest.mark.parametrize("cloud", ["ministack", "moto"], indirect=True)


def submit(message_id: int = 7) -> Prediction:
    prediction = submit_photo(b"bytes", chat_id=42, message_id=message_id, received_at=now())
    assert prediction
    return prediction


def letter(task: str, *arguments: Any) -> DeadLetter:
    return DeadLetter(queue="photos", message_id="m", body="b", task=task, arguments=arguments)


def never() -> None:
    raise AssertionError("not to be sent again as it was")


def stored(prediction_id: str) -> Prediction:
    found = predictions.get(prediction_id)
    assert found
    return found


def sent() -> list[list[Any]]:
    return [task.arguments for task in queues.receive("photos")]


@both_emulators
def test_a_photo_that_was_never_finished_is_run_again_in_its_place(cloud: Cloud) -> None:
    submit()
    sent()
    assert redrive(letter(DETECT, "42-7"), never) == "run again as 42-7-1"
    new, old = stored("42-7-1"), stored("42-7")
    assert (new.run, new.status, new.is_open, new.photo_key) == (1, Status.QUEUED, True, old.photo_key)
    assert new.queued_at
    assert (old.status, old.failure, old.undeliverable) == (Status.FAILED, Failure.GAVE_UP, "run again as 42-7-1")
    assert [one.prediction_id for one in predictions.open_before(now())] == ["42-7-1"]
    assert sent() == [["42-7-1"]]


def test_a_worker_that_has_the_old_one_yet_cannot_finish_it(cloud: Cloud) -> None:
    submit()
    redrive(letter(DETECT, "42-7"), never)
    late = predictions.finish("42-7", Outcome(model="late"))
    assert late
    assert (late.status, late.model) == (Status.FAILED, None)


@both_emulators
def test_a_photo_that_was_given_up_and_told_is_run_again_beside_it(cloud: Cloud) -> None:
    submit()
    sent()
    predictions.finish("42-7", Outcome(failure=Failure.GAVE_UP))
    before = stored("42-7")
    assert redrive(letter(DETECT, "42-7"), never) == "run again as 42-7-1"
    assert stored("42-7") == before
    assert sent() == [["42-7-1"]]


def test_the_same_letter_twice_is_one_run(cloud: Cloud) -> None:
    submit()
    sent()
    assert redrive(letter(DETECT, "42-7"), never) == redrive(letter(DETECT, "42-7"), never)
    assert sent() == [["42-7-1"]]
    assert predictions.get("42-7-2") is None


def test_the_letter_of_a_run_makes_the_next(cloud: Cloud) -> None:
    submit()
    redrive(letter(DETECT, "42-7"), never)
    assert redrive(letter(DETECT, "42-7-1"), never) == "run again as 42-7-2"
    assert stored("42-7-2").run == 2


def test_what_was_made_and_not_sent_is_sent_by_the_next_try(cloud: Cloud) -> None:
    submit()
    sent()
    send_through(config.shared().queue_urls | {"photos": f"{cloud.endpoint}/000000000000/no-such-queue"})
    with pytest.raises(Unavailable):
        redrive(letter(DETECT, "42-7"), never)
    send_through(config.shared().queue_urls)
    redrive(letter(DETECT, "42-7"), never)
    assert sent() == [["42-7-1"]]


def test_one_that_is_finished_meanwhile_is_not_closed(cloud: Cloud) -> None:
    seen = submit()
    predictions.finish("42-7", Outcome(model="a"))
    run_again(seen)  # as one who read it before
    assert stored("42-7").status is Status.DONE


def test_what_is_done_or_gone_is_dropped(cloud: Cloud) -> None:
    submit()
    predictions.finish("42-7", Outcome(model="a"))
    assert redrive(letter(DETECT, "42-7"), never) == "dropped: 42-7 is done"
    assert redrive(letter(DETECT, "42-99"), never).startswith("dropped: 42-99")
    predictions.erase("42-7")
    assert redrive(letter(DETECT, "42-7"), never).startswith("dropped: 42-7")
    assert redrive(letter(RECONCILE), never).startswith("dropped")
    assert predictions.get("42-7-1") is None


def test_an_announcement_is_sent_as_it_was() -> None:
    calls: list[str] = []
    assert redrive(letter(ANNOUNCE, "42-7"), lambda: calls.append("again")) == "announced again"
    assert calls == ["again"]


@pytest.mark.parametrize("foreign", [letter(""), letter("other.task", "42-7"), letter(DETECT)])
def test_what_is_not_ours_stays(foreign: DeadLetter) -> None:
    with pytest.raises(NotOurs):
        redrive(foreign, never)


@both_emulators
def test_the_oldest_in_a_queue_is_told_from_the_table(cloud: Cloud) -> None:
    assert oldest() == {"photos": None, "photos-bulk": None}
    first = submit(1)
    for message_id in range(2, 6):  # the fourth is the first in photos-bulk
        submit(message_id)
    predictions.finish(first.prediction_id, Outcome(model="a"))
    assert oldest() == {"photos": stored("42-2").queued_at, "photos-bulk": stored("42-4").queued_at}


def test_a_long_backlog_costs_no_more_to_look_at(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the index goes on beyond what is read, a queue that was not met is left out: something may wait there, and nobody knows."""
    monkeypatch.setattr(overview, "MOST_READ", 2)
    with requests_made() as of_none:
        assert oldest() == {"photos": None, "photos-bulk": None}
    for chat_id in range(1, 13):  # at least three in one shard or other
        submit_photo(b"bytes", chat_id=chat_id, message_id=7, received_at=now())
    with requests_made() as of_many:
        told = oldest()
    assert of_many == of_none == ["Query"] * OPEN_SHARDS
    assert told == {"photos": stored("1-7").queued_at}


def test_the_command_line_does_all_of_it(cloud: Cloud) -> None:
    submit()
    (task,) = queues.receive("photos")
    dead = aws.sqs().get_queue_url(QueueName=config.shared().queue_urls["photos"].rsplit("/", 1)[1] + "-dead")["QueueUrl"]
    for body in (task.body, task.body, "what is this"):
        aws.sqs().send_message(QueueUrl=dead, MessageBody=body)
    told = taskqueue(cloud, "redrive", "--all", "--rate", "100", "--json")
    # Of two letters of one task the second waits for the next run, which finds that there is nothing to do.
    assert (told["redriven"], told["failed"], told["left"], told["outcomes"]["run again as 42-7-1"]) == (1, 1, 1, 1)
    assert sent() == [["42-7-1"]]
    assert taskqueue(cloud, "redrive", "--all", "--rate", "100", "--json")["redriven"] == 1
    assert sent() == []
    status = taskqueue(cloud, "status", "--json")
    assert status["workers"] == []
    assert {one["name"]: one["dead"] for one in status["queues"]} == {"answers": 0, "photos": 1, "photos-bulk": 0}


def taskqueue(cloud: Cloud, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "taskqueue", *arguments]
    environment = {"PATH": os.environ["PATH"], "CELERY_APP": "detection.celery", **cloud.environment}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, timeout=60, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
