"""`python -m sandbox demo`: what it prints, what it writes, how it ends, and that nothing is left of it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.bundles import write_cat_bundle
from tests.emulators import ROOT
from tests.sandbox.processes import of_folder

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Shown:
    """What a demo left: its exit status, the lines before the last, and the last."""

    code: int
    lines: list[str]
    result: dict[str, Any]


def environment(*, model: Path, folder: Path) -> dict[str, str]:
    """With a real token in it: the demo must not touch that bot."""
    folder.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DETECTION_MODEL": str(model), "TMPDIR": str(folder), "TELEGRAM_TOKEN": "123:a-real-token"}


def demo(picture: Path, *, model: Path, out: Path) -> Shown:
    folder = out.parent / "tmp"
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "demo", str(picture), "--out", str(out)],
        env=environment(model=model, folder=folder),
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.stdout, done.stderr
    *lines, last = done.stdout.splitlines()
    assert of_folder(folder) == [], "a process is left"
    assert list(folder.iterdir()) == [], "state is left"
    return Shown(done.returncode, lines, json.loads(last))


def sample(name: str) -> Path:
    """A photograph that a package brings along."""
    package, folder = ("skimage", "data") if name == "chelsea.png" else ("yolov5", "data/images")
    spec = importlib.util.find_spec(package)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent / folder / name


@pytest.mark.parametrize(
    ("name", "labels", "caption"),
    [
        ("bus.jpg", {"person": 4, "bus": 1}, "5 objects: 4 people ("),
        ("zidane.jpg", {"person": 2, "tie": 1}, "3 objects: 2 people ("),
        ("chelsea.png", {"cat": 1}, "1 object: 1 cat ("),
    ],
)
def test_a_photo(name: str, labels: dict[str, int], caption: str, coco_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "answer.jpg"
    shown = demo(sample(name), model=coco_bundle, out=out)
    assert shown.code == 0
    assert set(shown.result) == {"prediction_id", "status", "caption", "model", "seconds", "detections"}
    assert (shown.result["status"], shown.result["model"]) == ("DONE", json.loads((coco_bundle / "bundle.json").read_text())["version"])
    assert shown.result["caption"].startswith(caption)
    assert 0 < shown.result["seconds"] < 60
    detections = shown.result["detections"]
    assert Counter(detection["label"] for detection in detections) == labels
    for box in (detection["box"] for detection in detections):
        assert 0 <= box["x1"] < box["x2"] <= 1
        assert 0 <= box["y1"] < box["y2"] <= 1
    assert_eight_steps(shown, missing=0)
    with Image.open(out) as annotated, Image.open(sample(name)) as photo:
        assert annotated.format == "JPEG"
        assert annotated.width / annotated.height == pytest.approx(photo.width / photo.height, abs=0.01)


def test_a_picture_for_the_demo_model(demo_bundle: Path, tmp_path: Path) -> None:
    """The whole flow with a real detector, where nothing was downloaded; and the answer says whose it is."""
    shown = demo(ROOT / "sandbox" / "samples" / "emoji" / "zoo.jpg", model=demo_bundle, out=tmp_path / "answer.jpg")
    assert (shown.code, shown.result["status"]) == (0, "DONE")
    assert shown.result["model"].startswith("demo-emoji-")
    assert Counter(detection["label"] for detection in shown.result["detections"]) == {"cat": 1, "dog": 1, "elephant": 1, "boat": 1}
    assert shown.result["caption"].startswith("4 objects: ")
    assert shown.result["caption"].endswith("\n\n(The demo model said this: it knows 22 emoji, and nothing of the world in photos.)")
    assert any("demo model: knows 22 emoji; for photos of the world set DETECTION_MODEL to" in line for line in shown.lines)
    assert_eight_steps(shown, missing=0)


def test_what_is_no_photo(tmp_path: Path) -> None:
    (picture := tmp_path / "text.jpg").write_text("this is a text\n")
    out = tmp_path / "answer.jpg"
    shown = demo(picture, model=write_cat_bundle(tmp_path / "bundle"), out=out)
    assert (shown.code, shown.result["status"], shown.result["detections"]) == (1, "FAILED", [])
    assert "photo" in shown.result["caption"]
    assert f"The answer: {shown.result['caption']}" in shown.lines
    assert shown.result["prediction_id"]
    assert_eight_steps(shown, missing=1)
    assert not out.exists()


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    told = environment(model=write_cat_bundle(tmp_path / "bundle"), folder=tmp_path / "tmp")
    command = [sys.executable, "-m", "sandbox", "demo", str(sample("bus.jpg")), "--out", str(tmp_path / "answer.jpg")]
    with subprocess.Popen(command, cwd=ROOT, env=told, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while "embedded AWS: up" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
    assert of_folder(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no-such.jpg"], "there is no file 'no-such.jpg'. Give the path of a photo"),
        ([""], "no photo is named. Give the path of one, as in `make demo PHOTO=cat.jpg`"),
        (["pyproject.toml", "--out", "no/such/folder.jpg"], "there is no folder 'no/such' for the answer"),
    ],
)
def test_a_wrong_path_is_told_at_once(arguments: list[str], sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "demo", *arguments], check=False, cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"python -m sandbox demo: {sentence}")


def assert_eight_steps(shown: Shown, *, missing: int) -> None:
    start = next(number for number, line in enumerate(shown.lines) if line.startswith("Prediction "))
    steps = shown.lines[start + 1 : start + 9]
    assert [step.split()[0] for step in steps] == list("12345678")
    times = [step.split()[-2] for step in steps if not step.endswith("-")]
    assert len(times) == 8 - missing
    assert times == sorted(times, key=float)
