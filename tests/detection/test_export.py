"""What is exported: the photos and their boxes as a person sees them, in three formats, in memory that does not grow."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from PIL import Image, ImageOps
from pycocotools.coco import COCO

from detection import config, listing, photos, predictions, verdicts
from detection.errors import Unavailable
from detection.export import Tally, export, zipped
from detection.filters import Filters
from detection.pipeline import process
from detection.prediction import Box, Detection, Failure, Prediction, Status
from detection.predictions import Outcome
from detection.reruns import run_again
from tests.clouds import Cloud
from tests.detection.test_pipeline import CAT, SettledDetector, plain, submit
from tests.detection.test_predictions import created, new
from tests.photos import png, rotated, webp
from tests.results_server import ResultsServer


def whole(filters: Filters, kind: str, tally: Tally | None = None) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(export(filters, kind, tally or Tally()))))
    assert archive.testzip() is None
    return archive


def looked_at(photo: bytes, message_id: int) -> str:
    name = submit(photo, message_id)
    process(name, SettledDetector(), worker="w1")
    return name


@pytest.fixture
def three(cloud: Cloud, results_server: ResultsServer) -> None:
    """A photo that a camera stored lying on its side, a PNG, and a WebP in which nothing was found."""
    looked_at(rotated(plain(640, 480), orientation=6), 1)
    looked_at(png(plain(300, 200)), 2)
    process(submit(webp(plain(100, 50)), 3), SettledDetector(found=()), worker="w1")
    verdicts.judge("42-2", "wrong")


def test_coco_loads_and_its_boxes_lie_where_a_person_sees_them(three: None, tmp_path: Path) -> None:
    whole(Filters(), "coco").extractall(tmp_path)
    coco = COCO(tmp_path / "annotations.json")
    images = {image["file_name"]: image for image in coco.loadImgs(coco.getImgIds())}
    assert sorted(images) == ["42-1.jpg", "42-2.png", "42-3.webp"]
    for name, image in images.items():
        with Image.open(tmp_path / "images" / name) as stored:
            seen = ImageOps.exif_transpose(stored)
            assert (image["width"], image["height"]) == seen.size
    assert (images["42-1.jpg"]["width"], images["42-1.jpg"]["height"]) == (640, 480)
    assert (images["42-2.png"]["verdict"], images["42-1.jpg"]["verdict"]) == ("wrong", None)
    (cat,) = coco.loadAnns(coco.getAnnIds(imgIds=[images["42-1.jpg"]["id"]]))
    assert cat["bbox"] == pytest.approx([64, 96, 256, 264])
    assert (cat["area"], cat["score"]) == (pytest.approx(256 * 264), 0.91)
    assert coco.getAnnIds(imgIds=[images["42-3.webp"]["id"]]) == []
    assert [one["name"] for one in coco.loadCats(coco.getCatIds())] == ["cat"]
    assert "its EXIF orientation applied" in (tmp_path / "README.txt").read_text()


def test_yolo_has_a_text_for_each_photo_as_it_was_received_and_the_classes(three: None) -> None:
    archive = whole(Filters(), "yolo")
    for name, key in (("42-1.jpg", "42/42-1/photo"), ("42-2.png", "42/42-2/photo")):
        assert archive.read(f"images/{name}") == photos.get(key)
    number, *sides = archive.read("labels/42-1.txt").decode().split()
    assert [float(side) for side in sides] == pytest.approx([0.3, 0.475, 0.4, 0.55])
    assert archive.read("labels/42-3.txt") == b""
    data = yaml.safe_load(archive.read("data.yaml"))
    assert data["names"] == {int(number): "cat"}
    assert data["train"] == "images"


def test_classes_keep_their_names_and_numbers() -> None:
    labels = ["fox", 'a "cat": #1', "лиса", "🦊", "fox"]
    found = tuple(Detection(label, 0.5, Box(0, 0, 1, 1)) for label in labels)
    one = replace(new(), status=Status.DONE, detections=found, width=10, height=10)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zipped([(one, b"x")], "yolo", Tally(), about=""))))
    names = yaml.safe_load(archive.read("data.yaml"))["names"]
    assert [names[int(line.split()[0])] for line in archive.read("labels/42-7.txt").decode().splitlines()] == labels
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zipped([(one, b"x")], "coco", Tally(), about=""))))
    told = json.loads(archive.read("annotations.json"))
    classes = {one["id"]: one["name"] for one in told["categories"]}
    assert [classes[note["category_id"]] for note in told["annotations"]] == labels


def test_csv_has_a_row_for_each_box_and_one_for_nothing(three: None) -> None:
    first = predictions.get("42-1")
    assert first
    assert run_again(first)
    process("42-1-1", SettledDetector(model="settled-2"), worker="w1")
    rows = list(csv.DictReader(io.StringIO(whole(Filters(), "csv").read("detections.csv").decode())))
    assert [(row["photo"], row["label"]) for row in rows] == [
        ("42-1-1.jpg", "cat"),
        ("42-3.webp", ""),
        ("42-2.png", "cat"),
        ("42-1.jpg", "cat"),
    ]
    assert (rows[3]["x1"], rows[3]["y2"], rows[3]["confidence"], rows[3]["width"]) == ("0.1", "0.75", "0.91", "640")
    assert (rows[2]["verdict"], rows[2]["model"], rows[0]["model"]) == ("wrong", "settled-1", "settled-2")


def test_filters_hold_and_what_is_left_out_is_told(three: None) -> None:
    predictions.finish(created(4), Outcome(failure=Failure.DAMAGED))
    predictions.finish(created(5), Outcome(model="m", detections=(CAT,)))
    photos.put("42/42-5/photo", b"x", content_type="image/jpeg")
    photos.delete("42/42-2/photo")
    tally = Tally()
    archive = whole(Filters(labels=("cat",)), "coco", tally)
    assert [name for name in archive.namelist() if name.startswith("images/")] == ["images/42-1.jpg"]
    left_out = {"photo gone: erased, or expired": 1, "size of the photo not known: looked at before sizes were kept": 1}
    assert (tally.photos, tally.left_out) == (1, left_out)
    readme = archive.read("README.txt").decode()
    assert " UTC: 1.\n" in readme
    assert "Filters: labels cat." in readme
    assert "1 photo gone" in readme
    whole(Filters(), "csv", tally := Tally())
    assert (tally.photos, tally.left_out) == (3, {"photo gone: erased, or expired": 1, "not looked at: QUEUED or FAILED": 1})


def test_it_goes_on_where_a_page_of_the_list_ends(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one ends because it has read as much as a page may, and found little."""
    monkeypatch.setattr(listing, "MOST_READ", listing._AHEAD + 30)
    for number in range(1, 121):
        name = created(number, age=timedelta(minutes=number))
        if number % 40 == 0:
            predictions.finish(name, Outcome(model="m"))
            photos.put(f"42/{name}/photo", b"x", content_type="image/jpeg")
    names = whole(Filters(status=Status.DONE), "csv").namelist()
    assert names == [f"images/42-{number}.jpg" for number in (40, 80, 120)] + ["detections.csv", "README.txt"]


def test_where_aws_is_away_there_is_no_whole_zip(three: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detection.export.CHUNK", 1)
    pieces = export(Filters(), "coco", Tally())
    sent = [next(pieces) for _ in range(3)]
    monkeypatch.setenv("PHOTOS_BUCKET", "no-such-bucket")
    config.forget()
    with pytest.raises(Unavailable, match="loading 42/42-2/photo"):
        sent.extend(pieces)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(sent)))


def made(count: int) -> Iterator[tuple[Prediction, bytes]]:
    """As many predictions of three boxes, each with a small photo."""
    one = replace(new(), status=Status.DONE, model="m-1", width=640, height=480, detections=(CAT,) * 3)
    for number in range(count):
        yield replace(one, prediction_id=f"42-{number}", message_id=number), b"\xff\xd8 a photo"


@pytest.mark.parametrize("kind", ["coco", "yolo", "csv"])
def test_memory_does_not_grow_with_the_rows(kind: str) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        size = sum(map(len, zipped(made(count), kind, tally := Tally(), about="")))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert tally.photos == count
        assert size > count * 100
        return most

    peak(10)  # what is made once
    assert abs(peak(2500) - peak(200)) < 300_000, "2,300 rows held in memory would be megabytes"
