"""An HTTP server in front of moto's, which models what a roll needs of AWS and moto has not.

It answers the calls named in `_answer` by the models of deploy/rehearse/modelled, and hands every other one on to moto:

- SSM run command: the script really runs in a shell, on a folder that stands for the instance;
- target health: `initial` before `healthy` or `unhealthy`, `draining` before `unused`, by what runs on the instance;
- instance refresh, and the group's instances: each look at a refresh takes it one step on; AutoRollback is refused with $Default.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3

from deploy.rehearse.modelled import Refused
from deploy.rehearse.modelled.machine import Machine, programs
from deploy.rehearse.modelled.refreshes import Refreshes
from deploy.rehearse.modelled.shells import Shells
from deploy.rehearse.modelled.targets import TargetHealth
from tests.deploy.fleet import Fleet

Answer = tuple[int, str, bytes]


@dataclass
class Front:
    """The server's state, which a test may look at and change."""

    moto: str
    folder: Path
    site: str = ""  # the service whose parameter the machines read
    calls: list[str] = field(default_factory=list)  # such as "ssm:SendCommand", in order
    machines: dict[str, Machine] = field(default_factory=dict)  # by instance id
    denied: set[str] = field(default_factory=set)  # calls that the account is not allowed
    interrupts: dict[str, int] = field(default_factory=dict)  # the call, and which one of it, at which this process gets SIGTERM

    def __post_init__(self) -> None:
        self.shells = Shells(self.machines.get, lambda _: self.parameter(f"/{self.site}/site/image"))
        self.targets = TargetHealth(self.machines.get)
        self.fleet = Fleet(self)
        self.refreshes = Refreshes(self.fleet)
        self._programs = programs(self.folder / "programs")
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """A client of moto itself, whose calls are not counted."""
        return _client(service, self.moto)

    def machine(self, instance: str, image: str, *, good: tuple[str, ...]) -> Machine:
        """An instance that runs this image; it serves while it runs one of `good`."""
        made = Machine.make(self.folder / instance, self._programs, image, good)
        self.machines[instance] = made
        return made

    def parameter(self, name: str) -> str:
        return str(self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])

    def answered(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if method != "POST" or path != "/":  # S3 and its like: moto's alone
            return self._handed_on(method, path, headers, body)
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("Authorization", ""))
        target = headers.get("X-Amz-Target", "")
        asked = json.loads(body) if target else dict(parse_qsl(body.decode()))
        action = target.rpartition(".")[2] or asked.get("Action", "")
        with self._lock:
            call = f"{scope[1] if scope else ''}:{action}"
            self.calls.append(call)
            if self.calls.count(call) == self.interrupts.get(call):
                os.kill(os.getpid(), signal.SIGTERM)
            if call in self.denied:
                return _refused(Refused("AccessDenied", f"not authorized to perform: {call}"), as_json=bool(target))
            try:
                own = self._answer(action, asked)
            except Refused as refused:
                return _refused(refused, as_json=bool(target))
        if own is not None:
            return (200, "application/x-amz-json-1.1", json.dumps(own).encode()) if target else (200, "text/xml", str(own).encode())
        status, kind, text = self._handed_on(method, path, headers, body)
        if action == "DescribeAutoScalingGroups":
            text = self.fleet.described(text.decode()).encode()
        return status, kind, text

    def _answer(self, action: str, asked: dict[str, Any]) -> Any:
        match action:
            case "SendCommand":
                return self.shells.send(asked)
            case "GetCommandInvocation":
                return self.shells.invocation(asked)
            case "RegisterTargets" | "DeregisterTargets":
                self.targets.note(action, asked)
            case "DescribeTargetHealth":
                return self.targets.described(asked)
            case "StartInstanceRefresh" | "CancelInstanceRefresh" | "DescribeInstanceRefreshes":
                return self.refreshes.answer(action, asked)
        return None

    def _handed_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.moto).netloc, timeout=30)
        kept = {name: value for name, value in headers.items() if name.lower() not in {"host", "connection", "content-length", "expect"}}
        connection.request(method, path, body, kept)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers.get("Content-Type", "text/xml"), text


@cache
def _client(service: str, url: str) -> Any:
    return boto3.client(service, endpoint_url=url)  # type: ignore[call-overload]  # stubs are typed by literal names


def _refused(refused: Refused, *, as_json: bool) -> Answer:
    return 400, "application/x-amz-json-1.1" if as_json else "text/xml", refused.body(as_json=as_json).encode()


@dataclass
class Door:
    """Where the server listens, and the front that answers there: another one for each test."""

    url: str = ""
    front: Front | None = None


@contextmanager
def door() -> Iterator[Door]:
    """A server on a port of its own."""
    found = Door()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two would wait 40 ms for each other

        def do_POST(self) -> None:
            assert found.front, "a test that asks for no account calls AWS"
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, kind, text = found.front.answered(self.command, self.path, dict(self.headers), body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_HEAD = do_PUT = do_DELETE = do_POST  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
