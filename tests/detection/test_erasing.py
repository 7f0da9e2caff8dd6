"""Erasing a chat, at each stage of a prediction that is under way: afterwards nothing of it is anywhere but the marks."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from detection import aws, chats, photos, predictions, table
from detection.clock import now
from detection.erasing import Receipt, erase_chat
from detection.pipeline import process
from detection.prediction import Prediction
from detection.reruns import run_again
from detection.submit import submit_photo
from tests.clouds import Cloud, opened
from tests.detection.test_pipeline import SettledDetector, plain
from tests.emulators import ROOT
from tests.results_server import ResultsServer

MARK = {"prediction_id", "erased_at", "expires_at"}
# Each step of the flow has a line in the log, from the photo's arrival to the answer's announcement.
STAGES = ["stored", "created", "sent to photos", "queued", "started", "loaded", "detected", "saved", "finished"]


@pytest.fixture(params=["ministack, versioned", "moto, versioned", "ministack"])
def bucket(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """Erasing must reach older versions, where the bucket keeps them."""
    emulator, _, versioned = request.param.partition(", ")
    with opened(request.getfixturevalue(emulator)) as cloud:
        if versioned:
            aws.s3().put_bucket_versioning(Bucket=cloud.bucket, VersioningConfiguration={"Status": "Enabled"})
        yield cloud


@contextmanager
def erased_at(stage: str) -> Iterator[None]:
    """The chat is erased at the moment at which this line is logged."""
    make = logging.getLogRecordFactory()
    done: list[str] = []

    def make_and_erase(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if re.fullmatch(rf"42-7 {stage}\b.*", record.getMessage()) and not done:
            done.append(stage)
            erase_chat(42)
        return record

    logging.setLogRecordFactory(make_and_erase)
    try:
        yield
    finally:
        logging.setLogRecordFactory(make)
    assert done, f"no line said that 42-7 was {stage}"


def submit(message_id: int = 7, chat_id: int = 42) -> Prediction | None:
    return submit_photo(plain(), chat_id=chat_id, message_id=message_id, received_at=now())


def pictures(cloud: Cloud) -> list[str]:
    found = aws.s3().list_object_versions(Bucket=cloud.bucket)
    return [one["Key"] for one in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]]


def nothing_is_left(cloud: Cloud) -> None:
    assert pictures(cloud) == []
    assert all(set(item.attribute_values) == MARK for item in table.predictions().scan())
    assert all(set(item.attribute_values) == {"chat_id", "erased_at", "expires_at"} for item in table.chats().scan())


@pytest.mark.parametrize("stage", STAGES)
def test_at_each_stage_nothing_is_left(stage: str, bucket: Cloud, results_server: ResultsServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with erased_at(stage):
        submit()
        process("42-7", SettledDetector(), worker="w1")
    nothing_is_left(bucket)
    submit()  # Telegram repeats what it was not sure of
    process("42-7", SettledDetector(), worker="w2")
    nothing_is_left(bucket)


def test_after_the_answer_nothing_is_left(bucket: Cloud, results_server: ResultsServer) -> None:
    for message_id in (7, 8):
        submit(message_id)
        process(f"42-{message_id}", SettledDetector(), worker="w1")
    predictions.mark_replied(predictions.claim("42-7"))
    assert erase_chat(42) == Receipt((42,), 2, 4)
    nothing_is_left(bucket)
    assert erase_chat(42) == Receipt((42,), 0, 0)
    nothing_is_left(bucket)


def test_what_a_killed_worker_left_is_removed_by_the_next(cloud: Cloud, results_server: ResultsServer) -> None:
    submit()
    erase_chat(42)
    photos.put("42/42-7/annotated-1.jpg", b"put after the erasure, by a worker that was killed then", content_type="image/jpeg")
    process("42-7", SettledDetector(), worker="w2")
    nothing_is_left(cloud)


def test_a_photo_that_was_received_before_is_not_taken(cloud: Cloud) -> None:
    received_at = now()
    erase_chat(42)
    assert submit_photo(plain(), chat_id=42, message_id=7, received_at=received_at) is None
    nothing_is_left(cloud)


def test_the_chat_may_come_again(cloud: Cloud) -> None:
    erase_chat(42)
    assert submit(8) is not None


def test_other_chats_are_left_alone(cloud: Cloud, results_server: ResultsServer) -> None:
    """Also one whose id begins in the same way, and the same number as a group's."""
    for chat_id in (42, 421, -42):
        submit(chat_id=chat_id)
    assert erase_chat(42) == Receipt((42,), 1, 1)
    assert {key.split("/")[0] for key in pictures(cloud)} == {"421", "-42"}
    assert all(predictions.get(name) for name in ("421-7", "-42-7"))


def test_a_run_again_goes_too_and_no_other_is_made(cloud: Cloud, results_server: ResultsServer) -> None:
    first = submit()
    assert first is not None
    assert run_again(first) is not None
    assert erase_chat(42) == Receipt((42,), 2, 1)
    assert run_again(first) is None
    nothing_is_left(cloud)


@pytest.mark.parametrize("finished", [False, True])
def test_a_run_again_of_what_is_erased_is_not_made(finished: bool, cloud: Cloud, results_server: ResultsServer) -> None:
    """Whoever asked for it saw the prediction before."""
    first = submit()
    if finished:
        process("42-7", SettledDetector(), worker="w1")
        first = predictions.get("42-7")
    erase_chat(42)
    assert first is not None
    assert run_again(first) is None
    nothing_is_left(cloud)


def test_a_group_goes_with_the_supergroup_that_it_became(cloud: Cloud) -> None:
    submit(chat_id=-5)
    chats.migrated(-5, -100123)
    submit(chat_id=-100123)
    chats.defer(-100123, now() + timedelta(minutes=5))
    assert erase_chat(-5) == Receipt((-5, -100123), 2, 2)
    nothing_is_left(cloud)


def test_what_is_newly_known_of_an_erased_chat_stays(cloud: Cloud) -> None:
    erase_chat(-5)
    chats.migrated(-5, -100123)
    (kept,) = [item for item in table.chats().scan() if item.chat_id == -5]
    assert "expires_at" not in kept.attribute_values
    assert chats.current_id(-5) == -100123


def test_more_than_a_page_of_pictures(cloud: Cloud) -> None:
    for number in range(1003):
        photos.put(f"42/42-7/part-{number}", b"x", content_type="image/jpeg")
    assert erase_chat(42) == Receipt((42,), 1, 1003)
    assert pictures(cloud) == []


def test_by_hand_it_wants_to_be_sure(cloud: Cloud) -> None:
    submit(chat_id=-42)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "detection", "erase-chat", *arguments]
        return subprocess.run(command, cwd=ROOT, env=cloud.environment, capture_output=True, text=True, timeout=60, check=False)

    asked = run("--", "-42")
    assert (asked.returncode, asked.stdout) == (1, "nothing erased: add --yes to erase chat -42 for good\n")
    assert predictions.get("-42-7")
    done = run("--yes", "--", "-42")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["erased of chat -42: 1 predictions and 1 pictures", "What stays:"]
    nothing_is_left(cloud)
