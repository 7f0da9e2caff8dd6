"""ONNX Runtime's own telemetry: it would tell others of what is loaded, and keeps an identifier of the machine for that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from detection.model.prepare import DEMO
from tests.emulators import ROOT

SERVE = f"from detection.model.detector import load_detector; load_detector({str(DEMO)!r})"
LOAD = f"import onnxruntime; onnxruntime.InferenceSession({str(DEMO / 'model.onnx')!r})"


def left_in_home(program: str, home: Path) -> list[str]:
    """The files that this program leaves in its home. Its environment is bare: ONNX Runtime is also quiet where `CI` is set."""
    home.mkdir()
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={"HOME": str(home)}, check=True, capture_output=True, timeout=60)
    return [path.name for path in home.rglob("*") if path.is_file()]


def test_a_worker_tells_nobody(tmp_path: Path) -> None:
    assert left_in_home(LOAD, tmp_path / "told") != []  # what this looks for is there without our doing
    assert left_in_home(SERVE, tmp_path / "quiet") == []
