"""A TCP proxy before an emulator, which fails in the ways that networks and AWS do."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from urllib.parse import urlsplit

REFUSALS = {
    "503": (503, '{"__type": "ServiceUnavailable", "message": "try later"}'),
    "403": (403, '{"__type": "ExpiredToken", "message": "The security token included in the request is expired"}'),
    "throttled": (400, '{"__type": "RequestThrottled", "message": "Rate exceeded"}'),
    "malformed": (200, '{"Messages": [{"MessageId": "x", "Bo'),
}


class Proxy:
    """`mode` is "pass", "refuse" (connections are reset), "hang" (half-open: nothing is ever answered), "cut" (an answer ends
    in its middle), or one of REFUSALS. A change of mode ends all connections but those that hang.
    """

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.mode = "pass"
        self.connections = 0
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, mode: str) -> None:
        self.mode = mode
        if mode != "hang":
            for connection in list(self._open):
                _shut(connection)

    def close(self) -> None:
        self.mode = "refuse"
        _shut(self._listener)
        self._listener.close()
        for connection in list(self._open):
            _shut(connection)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._open.add(client)
        try:
            with client, contextlib.suppress(OSError):
                self._relay(client)
        finally:
            self._open.discard(client)

    def _relay(self, client: socket.socket) -> None:
        mode = self.mode
        if mode in REFUSALS:
            _read_request(client)
            client.sendall(_refusal(*REFUSALS[mode]))
        if mode in REFUSALS or mode == "refuse":
            return
        with socket.create_connection(self._upstream) as server:
            self._open.add(server)
            try:
                self._copy(client, server)
            finally:
                self._open.discard(server)

    def _copy(self, client: socket.socket, server: socket.socket) -> None:
        ends = {client: server, server: client}
        while True:
            for source in select.select(list(ends), [], [], 1)[0]:
                data = source.recv(65536)
                while self.mode == "hang":
                    time.sleep(0.1)
                if not data:
                    return
                if self.mode == "cut" and source is server and b"Messages" in data:
                    client.sendall(data[: len(data) // 2])
                    return
                ends[source].sendall(data)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _read_request(client: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data and (more := client.recv(65536)):
        data += more


def _refusal(status: int, body: str) -> bytes:
    head = f"HTTP/1.1 {status} x\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body.encode()
