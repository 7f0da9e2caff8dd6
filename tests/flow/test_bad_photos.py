"""Photos that are hard to look at: each is answered, by its objects or by a sentence, within 5 s; the worker lives and keeps its size."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from detection import predictions
from detection.clock import now
from detection.prediction import Status
from detection.submit import submit_photo
from tests import photos
from tests.bundles import write_cat_bundle
from tests.clouds import opened
from tests.flow.photo import photo
from tests.processes import Running
from tests.service import Service, service, wait_for_answers

SECONDS = 5.0
SENT_UNREADABLE = [kind for kind in photos.UNREADABLE if kind != "empty"]


@pytest.fixture(scope="module")
def running(ministack: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Running]]:
    """A service that all photos of this module go through, one after the other."""
    folder = tmp_path_factory.mktemp("service")
    with opened(ministack) as cloud, service(cloud, folder, write_cat_bundle(folder / "bundle")) as up:
        up.site()
        worker = up.worker()
        send_and_wait(up, photo())  # whatever a process does the first time is done
        yield up, worker


def send_and_wait(up: Service, data: bytes, *, name: str = "photo.jpg", mime_type: str = "image/jpeg") -> dict[str, object]:
    """Send a file as a person would; its answer, which has to come within SECONDS."""
    chat = up.chats.new()
    up.chats.send_file(chat, data, name, mime_type)
    sent_at = time.monotonic()
    (answer,) = wait_for_answers(up, chat, seconds=SECONDS)
    assert time.monotonic() - sent_at < SECONDS
    return answer


@pytest.mark.parametrize("kind", photos.READABLE)
def test_what_can_be_read_is_looked_at(running: tuple[Service, Running], kind: str) -> None:
    up, _ = running
    answer = send_and_wait(up, photos.READABLE[kind](photo()))
    # where a photo is so thin that it fills one pixel row of the model's input, the cat's place is beside it
    assert str(answer["caption"]).startswith("I see nothing" if kind == "65535×1" else "1 object: 1 cat"), answer


@pytest.mark.parametrize("kind", SENT_UNREADABLE)
def test_what_cannot_be_read_is_told(running: tuple[Service, Running], kind: str) -> None:
    up, _ = running
    make, failure = photos.UNREADABLE[kind]
    answer = send_and_wait(up, make(photo()))
    assert str(answer["text"]).endswith("."), answer
    chat = int(answer["chat"]["id"])  # type: ignore[index]  # Telegram's JSON
    (prediction,) = predictions.of_chat(chat, limit=2)
    assert (prediction.status, prediction.failure) == (Status.FAILED, failure)


def test_an_empty_photo_is_told(running: tuple[Service, Running]) -> None:
    """Telegram takes no empty file from a person; this is one that it gave to the bot as nothing."""
    up, _ = running
    chat = up.chats.new()
    submit_photo(b"", chat_id=chat, message_id=1, received_at=now())
    (answer,) = wait_for_answers(up, chat, seconds=SECONDS)
    assert "empty" in str(answer["text"]), answer


def test_a_file_over_20_mb_is_told_and_makes_no_prediction(running: tuple[Service, Running]) -> None:
    up, _ = running
    answer = send_and_wait(up, photos.heavy(photo()))
    assert "20 MB" in str(answer["text"])
    assert predictions.of_chat(int(answer["chat"]["id"]), limit=1) == []  # type: ignore[index]  # Telegram's JSON


def test_a_photo_turned_by_exif_comes_back_upright(running: tuple[Service, Running]) -> None:
    up, _ = running
    answer = send_and_wait(up, photos.rotated(photo(640, 480)))
    sent = answer["files"][0]  # type: ignore[index]  # Telegram's JSON
    picture = Image.open(io.BytesIO(up.chats.file(sent["url"])))
    assert picture.size == (640, 480)
    assert picture.getexif().get(0x0112, 1) == 1


def test_the_worker_is_alive_and_its_memory_back(running: tuple[Service, Running]) -> None:
    """All of them, then all of them again: the second round may not need more than the first one left."""
    up, worker = running
    kinds = [*photos.READABLE.values(), *(photos.UNREADABLE[kind][0] for kind in SENT_UNREADABLE)]
    processes_before = children(worker)
    sizes = []
    for _ in range(3):
        for make in kinds:
            send_and_wait(up, make(photo()))
        sizes.append(sum(process.memory_info().rss for process in children(worker)))
    assert worker.process.poll() is None
    assert children(worker) == processes_before, "a process died of a photo"
    assert sizes[-1] - sizes[0] < 16_000_000, f"grew: {sizes}"


def children(worker: Running) -> list[psutil.Process]:
    return psutil.Process(worker.process.pid).children(recursive=True)


def test_the_photos_are_what_they_say(tmp_path: Path) -> None:
    """20000×20000 in a small file is just that: small, and whole."""
    data = photos.huge_png()
    assert len(data) < 200_000
    Image.MAX_IMAGE_PIXELS, limit = None, Image.MAX_IMAGE_PIXELS
    try:
        assert Image.open(io.BytesIO(data)).size == (20_000, 20_000)
    finally:
        Image.MAX_IMAGE_PIXELS = limit
