"""From whatever DETECTION_MODEL names to a bundle, once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree

import pytest

from detection import aws
from detection.demo_model import is_demo
from detection.model import bundle, fetch
from detection.model.errors import ModelError
from detection.model.prepare import DEMO, OFFICIAL, origin_of, prepare
from tests import checkpoints
from tests.bundles import write_cat_bundle
from tests.clouds import Cloud


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the base class
        pass


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder that a web server serves: a checkpoint in it, and a bundle."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    checkpoints.write(folder / "toys.pt")
    write_cat_bundle(folder / "cats")
    return folder


@pytest.fixture
def web(shelf: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(shelf))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def refusal(model: str, into: Path) -> str:
    with pytest.raises(ModelError) as refused:
        prepare(model, into=into)
    assert not [path for path in into.glob("*") if path.name != ".lock"]
    return str(refused.value)


def test_a_bundles_folder_is_itself(shelf: Path, tmp_path: Path) -> None:
    assert prepare(str(shelf / "cats"), into=tmp_path / "models") == shelf / "cats"
    assert not (tmp_path / "models").exists()


def test_of_a_checkpoint_a_bundle_is_made_once(shelf: Path, tmp_path: Path) -> None:
    said: list[str] = []
    first = prepare(str(shelf / "toys.pt"), into=tmp_path / "models", say=said.append)
    checksum = bundle.sha256(shelf / "toys.pt")
    assert first == tmp_path / "models" / f"toys-{checksum[:12]}"
    assert bundle.load(first).source == f"toys.pt (SHA-256 {checksum})"
    assert len(said) == 2
    made_at = (first / bundle.MANIFEST).stat().st_mtime_ns
    assert prepare(str(shelf / "toys.pt"), into=tmp_path / "models", say=said.append) == first
    assert (first / bundle.MANIFEST).stat().st_mtime_ns == made_at
    assert len(said) == 2


def test_a_bundle_of_ours_that_was_damaged_is_made_again(shelf: Path, tmp_path: Path) -> None:
    said: list[str] = []
    made = prepare(str(shelf / "toys.pt"), into=tmp_path / "models")
    (made / bundle.ONNX).write_bytes(b"")
    prepare(str(shelf / "toys.pt"), into=tmp_path / "models", say=said.append)
    assert "Making it again" in said[0]
    assert bundle.load(made)


def test_two_processes_at_once_make_one(shelf: Path, tmp_path: Path) -> None:
    said: list[str] = []
    both = [
        threading.Thread(target=prepare, args=(str(shelf / "toys.pt"),), kwargs={"into": tmp_path, "say": said.append}) for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert len([line for line in said if line.startswith("Making a model bundle")]) == 1


def test_a_checkpoint_from_the_web(web: str, shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checksum = bundle.sha256(shelf / "toys.pt")
    made = bundle.load(prepare(f"{web}/toys.pt#sha256={checksum}", into=tmp_path / "models"))
    assert made.version == f"toys-{checksum[:12]}"
    assert made.source == f"{web}/toys.pt"
    assert "toys.pt [##############################] 100 %, " in capsys.readouterr().err


def test_a_bundle_from_the_web(web: str, shelf: Path, tmp_path: Path) -> None:
    checksum = bundle.sha256(shelf / "cats" / bundle.MANIFEST)
    made = prepare(f"{web}/cats/bundle.json#sha256={checksum}", into=tmp_path / "models")
    assert bundle.load(made) == bundle.load(shelf / "cats")
    assert made.name == f"cats-{checksum[:12]}"


def test_another_file_than_its_checksum_says_is_refused(web: str, tmp_path: Path) -> None:
    assert "is not the file it should be" in refusal(f"{web}/toys.pt#sha256={'0' * 64}", tmp_path / "models")


def test_and_so_is_another_model_in_a_bundle(web: str, shelf: Path, tmp_path: Path) -> None:
    checksum = bundle.sha256(shelf / "cats" / bundle.MANIFEST)
    (shelf / "cats" / bundle.ONNX).write_bytes(b"another")
    assert "model.onnx is not the file it should be" in refusal(f"{web}/cats/bundle.json#sha256={checksum}", tmp_path / "models")


@pytest.mark.parametrize("fragment", ["", "#", "#sha256=", "#sha256=12", "#md5=" + "0" * 64])
def test_an_address_without_a_checksum_is_refused_with_the_fix(fragment: str, tmp_path: Path) -> None:
    message = refusal(f"https://user:secret@example.org/best.pt?token=secret{fragment}", tmp_path / "models")
    assert "Add it: https://example.org/best.pt#sha256=" in message
    assert "secret" not in message


def test_a_missing_file_is_named(web: str, tmp_path: Path) -> None:
    message = refusal(f"{web}/nowhere.pt#sha256={'0' * 64}", tmp_path / "models")
    assert "/nowhere.pt answered 404" in message
    assert "Set DETECTION_MODEL to what this machine can reach" in message


def test_a_refused_connection_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/best.pt#sha256={'0' * 64}"
    message = refusal(address, tmp_path / "models")
    assert "can't be reached" in message
    assert "Set DETECTION_MODEL to what this machine can reach" in message


def test_without_an_answer_it_gives_up_after_five_seconds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/best.pt#sha256={'0' * 64}"
        begun = time.monotonic()
        message = refusal(address, tmp_path / "models")
        assert 4.5 < time.monotonic() - begun < 8
    assert "No connection to" in message
    assert "within 5 s. Set DETECTION_MODEL" in message


def test_a_download_that_breaks_off_is_no_download(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ModelError, match="broke off"):
            fetch.fetch(f"http://127.0.0.1:{server.getsockname()[1]}/best.pt", tmp_path / "best.pt")
        thread.join()


def test_a_checkpoint_from_s3(cloud: Cloud, shelf: Path, tmp_path: Path) -> None:
    aws.s3().upload_file(str(shelf / "toys.pt"), cloud.bucket, "models/toys.pt")
    address = f"s3://{cloud.bucket}/models/toys.pt"
    made = prepare(address, into=tmp_path / "models")
    assert bundle.load(made).source == address
    aws.s3().upload_file(str(checkpoints.write(tmp_path / "x.pt", {"model": checkpoints.model()})), cloud.bucket, "models/toys.pt")
    assert origin_of(address).name != made.name


@pytest.mark.parametrize("ending", ["", "bundle.json"])
def test_a_bundle_from_s3(cloud: Cloud, shelf: Path, tmp_path: Path, ending: str) -> None:
    for path in (shelf / "cats").iterdir():
        aws.s3().upload_file(str(path), cloud.bucket, f"models/cats/{path.name}")
    assert bundle.load(prepare(f"s3://{cloud.bucket}/models/cats/{ending}", into=tmp_path / "models")) == bundle.load(shelf / "cats")


def test_s3s_own_errors_are_told(cloud: Cloud, tmp_path: Path) -> None:
    message = refusal(f"s3://{cloud.bucket}/nowhere.pt", tmp_path / "models")
    assert f"S3 answered 404 for s3://{cloud.bucket}/nowhere.pt. Check the address" in message


@pytest.mark.parametrize(
    ("model", "said"), [("nowhere.pt", "there is nothing at"), ("ftp://host/x.pt", "are understood"), ("s3://bucket", "names no file")]
)
def test_what_names_nothing_is_refused(model: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(model, tmp_path / "models")


def test_nothing_named_is_the_official_release(web: str, tmp_path: Path) -> None:
    assert OFFICIAL == "https://github.com/ultralytics/yolov5/releases/download/v7.0/yolov5n.pt"
    made = prepare("", into=tmp_path, official=f"{web}/toys.pt")
    assert made == tmp_path / "yolov5n-v7.0"
    assert bundle.load(made).source == f"{web}/toys.pt"


def test_the_machines_own_models_come_before_a_download(shelf: Path, tmp_path: Path) -> None:
    copytree(shelf / "cats", tmp_path / "models" / "yolov5n-v7.0")
    assert prepare("", into=tmp_path / "models", official="http://127.0.0.1:9/nothing-listens.pt") == tmp_path / "models" / "yolov5n-v7.0"


def test_where_the_official_release_cannot_be_had_the_demo_model_answers(web: str, tmp_path: Path) -> None:
    said: list[str] = []
    assert prepare("", into=tmp_path, official=f"{web}/nowhere.pt", say=said.append) == DEMO
    assert is_demo(bundle.load(DEMO).version)
    assert "/nowhere.pt answered 404" in said[-1]
    assert "Set DETECTION_MODEL" in said[-1]
    assert "the demo model answers, which knows 22 emoji" in said[-1]
    assert not (tmp_path / "yolov5n-v7.0").exists()


def test_and_never_for_a_model_that_was_named(tmp_path: Path) -> None:
    assert "there is nothing at" in refusal(str(tmp_path / "mine.pt"), tmp_path / "models")


def test_copies_of_a_bundle_are_the_same_bundle(shelf: Path, tmp_path: Path) -> None:
    assert bundle.load(copytree(shelf / "cats", tmp_path / "copy")) == bundle.load(shelf / "cats")
