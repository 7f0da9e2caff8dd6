"""Everything that a sandbox starts, watched from inside."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import pytest

from sandbox.chat import Chat
from sandbox.console import Console
from sandbox.environment import Setup
from sandbox.ports import free_ports
from sandbox.start import Teller, start
from sandbox.state import State
from sandbox.supervisor import Supervisor
from tests.bundles import write_cat_bundle
from tests.emulators import ROOT
from tests.sandbox.processes import listening_on, until, white_jpeg


@pytest.mark.timeout(180)
async def test_it_goes_on_after_its_aws_was_killed_and_reconciles(tmp_path: Path) -> None:
    (state := tmp_path / "state").mkdir()
    outer = {"PATH": os.environ["PATH"], "DETECTION_MODEL": str(write_cat_bundle(tmp_path / "bundle"))}
    setup = Setup(state=State(state), ports=free_ports(), outer=outer, concurrency=1, reconcile_seconds=2)
    out = io.StringIO()
    async with Supervisor(Console(out), folder=ROOT, grace=0) as supervisor:
        await start(supervisor, setup, Teller(print))
        os.kill(listening_on(setup.ports.aws), signal.SIGKILL)  # on a first run it has saved nothing: all tables are lost
        await until(lambda: "aws: up again" in out.getvalue(), seconds=60)
        async with Chat(setup.url(setup.ports.chat)) as chat:
            answer = await chat.answer_to(await chat.send("white.jpg", white_jpeg()), seconds=60)
        assert answer.caption.startswith("1 object: 1 cat")
        await until(lambda: "reconcile done" in out.getvalue(), seconds=60)
    assert out.getvalue().count("made table polybot-predictions") == 2
