"""`python -m sandbox fill`, with nothing running: the state has the predictions afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.emulators import ROOT


def test_a_state_is_filled_once_and_keeps_it(tmp_path: Path) -> None:
    def fill(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sandbox", "fill", "--state", str(tmp_path), "--predictions", "60", *options]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)

    first = fill()
    assert first.returncode == 0, first.stdout + first.stderr
    assert "fill     | made 60 predictions of 4 chats" in first.stdout
    again = fill()
    assert again.returncode == 1
    assert "seed 1's are there already" in again.stderr
