"""`python -m detection.model`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detection.model import bundle
from detection.model.__main__ import main
from tests import checkpoints
from tests.bundles import write_cat_bundle


@pytest.fixture
def cats(tmp_path: Path) -> Path:
    return write_cat_bundle(tmp_path / "cats")


def test_help_shows_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    assert "python -m detection.model export best.pt --out models/mine" in said
    for command in ("export", "prepare", "show", "detect"):
        assert f"    {command}" in said


def test_export_prints_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = checkpoints.write(tmp_path / "toys.pt")
    assert main(["export", str(weights), "--out", str(tmp_path / "toys"), "--licence", "MIT"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'toys'}\n"
    assert "3 classes. ONNX Runtime and torch agree: boxes within" in said.err
    assert bundle.load(tmp_path / "toys").licence == "MIT"


def test_an_error_is_a_sentence_and_a_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error: {tmp_path} is not a model bundle")


def test_show_prints_the_facts(cats: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(cats)]) == 0
    assert "version         one-cat\n" in capsys.readouterr().out


def test_detect_prints_json(cats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.full((480, 640, 3), 90, np.uint8)).save(tmp_path / "photo.png")
    assert main(["detect", str(cats), str(tmp_path / "photo.png")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["model"] == "one-cat"
    assert answer["detections"] == [
        {"label": "cat", "confidence": 0.81, "box": {"x1": 0.09375, "y1": 0.125, "x2": 0.40625, "y2": 0.541667}}
    ]


@pytest.mark.parametrize(("content", "said"), [(b"", "error: empty: 0 bytes"), (b"text", "error: not a photo: ")])
def test_detect_says_what_is_wrong_with_a_photo(
    cats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    assert main(["detect", str(cats), str(tmp_path / "photo.jpg")]) == 1
    assert capsys.readouterr().err.startswith(said)


def test_prepare_takes_the_environments_model_and_imports_nothing_heavy_when_it_is_there(cats: Path) -> None:
    """In a process of its own: set-up runs it each time."""
    program = (
        "import sys; from detection.model.__main__ import main; assert main(['prepare']) == 0; "
        "heavy = {'torch', 'onnxruntime', 'cv2', 'boto3', 'numpy'} & sys.modules.keys(); assert not heavy, heavy"
    )
    environment = {**os.environ, "DETECTION_MODEL": str(cats)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == str(cats)
    assert run.stderr == ""


def test_without_torch_it_says_how_to_install_it(tmp_path: Path) -> None:
    weights = checkpoints.write(tmp_path / "toys.pt")
    program = (
        f"import sys; sys.modules['torch'] = None; from detection.model.__main__ import main; sys.exit(main(['prepare', {str(weights)!r}]))"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=Path.cwd(), capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "Install" in run.stderr
    assert "Traceback" not in run.stderr
