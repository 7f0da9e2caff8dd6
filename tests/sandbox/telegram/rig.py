"""The stand-in as a process of its own, spoken to over a socket; what a bot's webhook got; pictures to send."""

import contextlib
import io
import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from sandbox.telegram.settings import DEFAULT_TOKEN

ROOT = Path(__file__).parents[3]
Json = dict[str, Any]


@dataclass
class StandIn:
    """A stand-in that runs, and can be stopped, killed and started again on the same state and port."""

    state: Path
    options: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = None
    url: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))

    def start(self) -> None:
        port = self.url.rsplit(":", 1)[-1] if self.url else "0"
        command = [
            sys.executable,
            "-m",
            "sandbox.telegram",
            "--port",
            port,
            "--state",
            str(self.state),
            "--token",
            DEFAULT_TOKEN,
            *self.options,
        ]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().split()[-1].rstrip("/")

    def end(self, *, kill: bool = False) -> int:
        assert self.process
        (self.process.kill if kill else self.process.terminate)()
        code = self.process.wait(15)
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def control(self, verb: str, path: str, /, **body: Any) -> Any:
        answer = self.http.request(verb, f"{self.url}/control{path}", json=body or None)
        assert answer.is_success, f"{verb} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def call(self, method: str, /, **parameters: Any) -> Any:
        """A Bot API call, its whole envelope."""
        return self.http.post(f"{self.url}/bot{DEFAULT_TOKEN}/{method}", json=parameters).json()

    def chat(self, **what: Any) -> int:
        return int(self.control("POST", "/chats", **({"type": "private"} | what))["id"])

    def text(self, chat: int, text: str = "hello") -> Json:
        sent: Json = self.control("POST", f"/chats/{chat}/text", text=text)
        return sent

    def upload(self, chat: int, kind: str, data: bytes, *, name: str = "a.jpg", **fields: str) -> httpx.Response:
        field_name = {"upload": "file"}.get(kind, kind)
        return self.http.post(f"{self.url}/control/chats/{chat}/{kind}", files={field_name: (name, data)}, data=fields)

    def messages(self, chat: int) -> list[Json]:
        listed: list[Json] = self.control("GET", f"/chats/{chat}/messages")["messages"]
        return listed

    def listen_with(self, url: str, **more: Any) -> None:
        """setWebhook, once it is allowed again."""
        while not (answer := self.call("setWebhook", url=url, **more))["ok"]:
            assert answer["error_code"] == 429, answer
            time.sleep(0.1)


@dataclass
class Webhook:
    """A bot's side: keeps what it gets, and answers what `answer` says (200 where it says nothing)."""

    url: str = ""
    got: list[tuple[float, dict[str, str], Json]] = field(default_factory=list)
    answer: Callable[[Json], tuple[int, dict[str, str], bytes]] = field(default=lambda _: (200, {}, b""))

    def updates(self) -> list[Json]:
        return [update for _, _, update in self.got]

    def wait_for(self, number: int, *, seconds: float = 10.0) -> list[Json]:
        wait_until(lambda: len(self.got) >= number, seconds=seconds)
        return self.updates()


def wait_until(true: Callable[[], Any], *, seconds: float = 10.0) -> Any:
    """What `true` returns once it is true; fails after so many seconds."""
    end = time.monotonic() + seconds
    while not (result := true()):
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.02)
    return result


def picture(width: int = 64, height: int = 48, *, form: str = "JPEG", mode: str = "RGB", **more: Any) -> bytes:
    """A small picture as a file."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(buffer, form, **more)
    return buffer.getvalue()


def blank(width: int, height: int) -> bytes:
    """A picture of many pixels in a small file."""
    buffer = io.BytesIO()
    Image.new("1", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


@contextlib.contextmanager
def running(state: Path, *options: str) -> Iterator[StandIn]:
    """A stand-in for as long as it is needed."""
    stand_in = StandIn(state, options)
    stand_in.start()
    try:
        yield stand_in
    finally:
        stand_in.end(kill=True)
        stand_in.http.close()


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Webhook]:
    """A server of a bot, with TLS where a context is given."""
    hook = Webhook()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.hook = hook
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    hook.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield hook
    server.shutdown()
    server.server_close()
    thread.join()


class _Server(ThreadingHTTPServer):
    hook: Webhook

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, or trusts nobody here, is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        update = json.loads(body)
        hook = self.server.hook
        hook.got.append((time.monotonic(), {name.lower(): value for name, value in self.headers.items()}, update))
        status, headers, content = hook.answer(update)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass
