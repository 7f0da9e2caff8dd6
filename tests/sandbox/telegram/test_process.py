"""The process: its command line, what it keeps over a restart, how it ends."""

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.telegram.settings import DEFAULT_TOKEN
from tests.sandbox.telegram.rig import ROOT, StandIn, Webhook, picture, running, wait_until


@pytest.fixture
def own(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in of this test alone."""
    with running(tmp_path / "state", "--retry-base", "0.1") as stand_in:
        yield stand_in


COMMAND = [sys.executable, "-m", "sandbox.telegram"]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("kill", [False, True], ids=["SIGTERM", "SIGKILL"])
def test_everything_is_there_after_a_restart(own: StandIn, webhook: Webhook, kill: bool) -> None:
    webhook.answer = lambda _: (503, {"Retry-After": "60"}, b"")
    own.listen_with(webhook.url, secret_token="kept", allowed_updates=["message"])
    own.call("setMyCommands", commands=[{"command": "start", "description": "What I do"}])
    chat = own.chat(name="Ada")
    sent = own.upload(chat, "photo", picture(300, 200)).json()
    answer = own.call("sendMessage", chat_id=chat, text="soon")["result"]
    webhook.wait_for(1)
    own.end(kill=kill)
    webhook.answer = lambda _: (200, {}, b"")
    own.start()
    assert [update["update_id"] for update in webhook.wait_for(2)] == [sent["update_id"]] * 2
    assert webhook.got[1][1]["x-telegram-bot-api-secret-token"] == "kept"
    wait_until(lambda: [message["delivered"] for message in own.messages(chat)] == [True, False])
    assert [message["message_id"] for message in own.messages(chat)] == [sent["message_id"], answer["message_id"]]
    assert own.http.get(own.url + sent["files"][0]["url"]).content.startswith(b"\xff\xd8")
    assert own.call("getMyCommands")["result"] == [{"command": "start", "description": "What I do"}]
    assert own.text(chat)["message_id"] == answer["message_id"] + 1


def test_it_stops_though_somebody_listens_and_somebody_polls(own: StandIn) -> None:
    def poll() -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            client.get(f"{own.url}/bot{DEFAULT_TOKEN}/getUpdates", params={"timeout": 50})

    waiting = threading.Thread(target=poll)
    waiting.start()
    with httpx.stream("GET", f"{own.url}/control/events", timeout=60, trust_env=False) as stream:
        assert next(stream.iter_lines())
        wait_until(lambda: own.http.get(f"{own.url}/control/health").is_success)
        code = own.end()
    waiting.join(10)
    assert not waiting.is_alive()
    assert code == 0
    own.start()


def test_ctrl_c_stops_it_quietly(own: StandIn) -> None:
    assert own.process
    own.process.send_signal(signal.SIGINT)
    assert own.process.wait(10) == 0
    own.end()
    own.start()


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = command("--port", str(port), "--state", str(tmp_path))
    assert answer.returncode == 2
    assert f"port {port} of 127.0.0.1 is taken" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_second_one_on_the_same_state_is_refused(own: StandIn) -> None:
    answer = command("--port", "0", "--state", str(own.state))
    assert answer.returncode == 2
    assert str(own.state) in answer.stderr


def test_wrong_token_is_refused_and_help_is_given(tmp_path: Path) -> None:
    assert "--token" in command("--port", "0", "--state", str(tmp_path), "--token", "nonsense").stderr
    shown = command("--help").stdout
    assert all(option in shown for option in ("--port", "--state", "--token", "--retry-base"))


def test_it_listens_on_this_machine_only(own: StandIn) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", own.url)
    port = int(own.url.rsplit(":", 1)[1])
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_token_is_in_no_line_of_the_log(tmp_path: Path) -> None:
    options = ("--port", "0", "--state", str(tmp_path), "--token", DEFAULT_TOKEN)
    with subprocess.Popen([*COMMAND, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        for path in (
            f"bot{DEFAULT_TOKEN}/sendMessage",
            f"file/bot{DEFAULT_TOKEN}/nothing",
            f"bot{DEFAULT_TOKEN}/setWebhook?url=http://127.0.0.1:9/",
        ):
            httpx.get(url + path, trust_env=False)
        process.terminate()
        _, errors = process.communicate(timeout=15)
    assert "sendMessage refused: 400" in errors
    assert "this-is-no-secret" not in errors
