"""A site that answers POST /results as a test says, over a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass
class ResultsServer:
    """`answers` are given in turn, the last one for ever: (status, Retry-After or None)."""

    url: str = ""
    answers: list[tuple[int, str | None]] = field(default_factory=lambda: [(200, None)])
    announced: list[tuple[str, str | None]] = field(default_factory=list)  # prediction id, signature


@pytest.fixture
def results_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ResultsServer]:
    """A /results on a free port; RESULTS_URL names it. Ask for it before `cloud`, or after: both orders work."""
    server = ResultsServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            server.announced.append((query["predictionId"][0], self.headers.get("X-Polybot-Signature")))
            status, retry_after = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
            self.send_response(status)
            if retry_after is not None:
                self.send_header("Retry-After", retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}/results"
        monkeypatch.setenv("RESULTS_URL", server.url)
        monkeypatch.setenv("DETECTION_MODEL", "/no/such/bundle")
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield server
        http.shutdown()
        thread.join()
