"""`python -m sandbox up`, whole: every process as it is in use, on free ports."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

import httpx
import pytest
from PIL import Image

from sandbox.chat import Answer, Chat
from sandbox.ports import HOST, Ports, free_ports
from tests import processes
from tests.bundles import write_cat_bundle
from tests.emulators import ROOT
from tests.sandbox.processes import child_of, of_folder, until, white_jpeg

pytestmark = pytest.mark.timeout(240)  # it starts everything, twice, while other tests do the like
TOKEN = "1000001:a-token-of-the-tests"


@pytest.fixture
def told(tmp_path: Path) -> dict[str, str]:
    """An environment with a model that needs no weights, and by whose TMPDIR every process of the sandbox is known."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    (tmp_path / "tmp").mkdir()
    return kept | {"DETECTION_MODEL": str(write_cat_bundle(tmp_path / "bundle")), "TMPDIR": str(tmp_path / "tmp")}


def command(ports: Ports, state: Path) -> list[str]:
    chat, site, aws = map(str, astuple(ports))
    options = ["--port", chat, "--site-port", site, "--aws-port", aws, "--state", str(state), "--concurrency", "1"]
    return [sys.executable, "-m", "sandbox", "up", *options]


@contextmanager
def up(ports: Ports, state: Path, told: Mapping[str, str]) -> Iterator[processes.Running]:
    """A sandbox that is up; ended at once if the test hasn't done so."""
    log = state.with_suffix(f".{len(list(state.parent.glob('*.log')))}.log")
    with log.open("wb") as output, subprocess.Popen(command(ports, state), cwd=ROOT, env=told, stdout=output, stderr=output) as process:
        running = processes.Running(process, log)
        try:
            processes.wait_for(lambda: "Ctrl-C\n" in running.output() or process.poll() is not None, seconds=120, what=running.output())
            assert process.poll() is None, running.output()
            yield running
        finally:
            process.kill()


def stop(running: processes.Running, number: int) -> int:
    running.process.send_signal(number)
    return running.process.wait(timeout=60)


def log_in(told: str, ports: Ports) -> str:
    """Open the admin with the name and the password that the start has told; the address of the page one comes to."""
    found = re.search(r"Admin   (\S+)   \(name: (\S+), password: (\S+)\)", told)
    assert found, told
    with httpx.Client(base_url=f"http://{HOST}:{ports.site}", trust_env=False, follow_redirects=True) as browser:
        browser.get(found[1])
        form = {"username": found[2], "password": found[3], "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        return browser.post("/admin/login/?next=/admin/", data=form, headers={"Referer": found[1]}).raise_for_status().url.path


async def ask(stand_in: str) -> Answer:
    async with Chat(stand_in) as chat:
        answer = await chat.answer_to(await chat.send("white.jpg", white_jpeg()), seconds=60)
        assert answer.photo
        with Image.open(io.BytesIO(await chat.open(answer.photo))) as annotated:
            assert len(annotated.getcolors(maxcolors=640 * 480) or []) > 1, "nothing was drawn"
    return answer


async def test_it_answers_and_restarts_and_remembers_and_leaves_nothing(told: dict[str, str], tmp_path: Path) -> None:
    ports, state = free_ports(), tmp_path / "state"
    stand_in = f"http://{HOST}:{ports.chat}"
    with up(ports, state, told) as running:
        assert f"Chat    {stand_in}/" in running.output()
        assert log_in(running.output(), ports).startswith("/admin/dashboard/")
        assert f"State   {state}" in running.output()
        os.kill(child_of(running.process.pid, "detection.celery"), signal.SIGKILL)
        await until(lambda: "worker: up again" in running.output(), seconds=60)
        assert (await ask(stand_in)).caption.startswith("1 object: 1 cat")
        assert len(of_folder(tmp_path)) > 5
        assert stop(running, signal.SIGINT) == 0
        assert "TELEGRAM_TOKEN" not in running.output()
    assert of_folder(tmp_path) == []
    with up(ports, state, told) as running:
        async with Chat(stand_in) as chat:
            answers = [message for message in await chat.messages(chat.chat_id - 1, after=0) if message["from_bot"]]
        assert len(answers) == 1
        assert (await ask(stand_in)).caption.startswith("1 object: 1 cat")
        assert stop(running, signal.SIGTERM) == 0
    assert of_folder(tmp_path) == []


async def test_with_a_token_it_polls(told: dict[str, str], tmp_path: Path) -> None:
    state = tmp_path / "state"
    with (
        processes.telegram(token=TOKEN, log=tmp_path / "telegram", state=tmp_path / "telegram-state") as elsewhere,
        up(free_ports(), state, told | {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": elsewhere}) as running,
    ):
        assert "talk to your bot in Telegram" in running.output()
        assert (await ask(elsewhere)).caption.startswith("1 object: 1 cat")
        assert stop(running, signal.SIGINT) == 0
        assert TOKEN not in running.output()
    assert of_folder(tmp_path) == []


def test_a_port_that_is_taken_is_named_before_anything_is_started(told: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        taken = server.getsockname()[1]
        free = free_ports()
        ports = Ports(chat=free.chat, site=free.site, aws=taken)
        done = subprocess.run(
            command(ports, tmp_path / "state"), check=False, cwd=ROOT, env=told, capture_output=True, text=True, timeout=30
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"python -m sandbox up: port {taken}, for the embedded AWS, is taken by ")
