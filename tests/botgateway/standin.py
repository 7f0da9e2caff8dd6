"""Telegram as the tests see it: the stand-in's control side, and the updates that a bot would get."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from PIL import Image

TOKEN = "1000001:a-token-of-the-tests"


class StandIn:
    """A running stand-in of Telegram."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url = url
        self._http = http

    def reset(self) -> None:
        self._post("reset", {"webhook": True})
        for what in ("faults", "calls"):
            self._http.delete(f"/control/{what}").raise_for_status()

    def chat(self, kind: str = "private") -> int:
        return int(self._post("chats", {"type": kind})["id"])

    def photo(self, chat_id: int, picture: bytes | None = None) -> dict[str, Any]:
        """The person sends a photo; the update that comes of it."""
        return self._sent(chat_id, self._upload(chat_id, "photo", picture or jpeg(), "photo.jpg"))

    def document(self, chat_id: int, content: bytes, name: str) -> dict[str, Any]:
        """The person sends a file; the update that comes of it."""
        return self._sent(chat_id, self._upload(chat_id, "document", content, name))

    def text(self, chat_id: int, text: str) -> dict[str, Any]:
        """The person writes; the update that comes of it."""
        return self._sent(chat_id, self._post(f"chats/{chat_id}/text", {"text": text}))

    def block(self, chat_id: int) -> None:
        self._post(f"chats/{chat_id}/block", {})

    def migrate(self, chat_id: int) -> int:
        """The group becomes a supergroup; its new id."""
        return int(self._post(f"chats/{chat_id}/migrate", {})["id"])

    def delete(self, chat_id: int, message_id: int) -> None:
        """The person deletes a message."""
        self._http.delete(f"/control/chats/{chat_id}/messages/{message_id}").raise_for_status()

    def fault(self, method: str, **fault: Any) -> None:
        """The next call of this method goes wrong, in this way."""
        self._post("faults", {"method": method, **fault})

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The calls of this method that came in, oldest first."""
        return list(self._get("calls", method=method)["calls"])

    def said(self, chat_id: int) -> list[dict[str, Any]]:
        """The bot's messages in this chat."""
        return [message for message in self._get(f"chats/{chat_id}/messages")["messages"] if message["from_bot"]]

    def file(self, message: dict[str, Any]) -> bytes:
        """The bytes of a message's file."""
        return self._http.get(message["files"][0]["url"]).raise_for_status().content

    def set_webhook(self, url: str) -> None:
        while (answer := self._http.post(f"/bot{TOKEN}/setWebhook", json={"url": url})).status_code == 429:
            time.sleep(answer.json()["parameters"]["retry_after"])  # one a second
        answer.raise_for_status()

    def webhook(self) -> dict[str, Any]:
        result: dict[str, Any] = self._http.get(f"/bot{TOKEN}/getWebhookInfo").raise_for_status().json()["result"]
        return result

    def _sent(self, chat_id: int, message: dict[str, Any]) -> dict[str, Any]:
        updates = self._get("updates", chat_id=str(chat_id))["updates"]
        return next(dict(one["update"]) for one in updates if one["update_id"] == message["update_id"])

    def _upload(self, chat_id: int, kind: str, content: bytes, name: str) -> dict[str, Any]:
        answer = self._http.post(f"/control/chats/{chat_id}/{kind}", files={kind: (name, content)})
        return dict(answer.raise_for_status().json())

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._http.post(f"/control/{path}", json=body)
        return dict(answer.raise_for_status().json()) if answer.content else {}

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        return dict(self._http.get(f"/control/{path}", params=query).raise_for_status().json())


@contextmanager
def running() -> Iterator[StandIn]:
    """A stand-in on a free port, with a state of its own."""
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-m", "sandbox.telegram", "--port", "0", "--state", state, "--token", TOKEN]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().split(": ", 1)[1].strip().rstrip("/")
                with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
                    yield StandIn(url, http)
            finally:
                process.terminate()


def jpeg(width: int = 320, height: int = 240) -> bytes:
    """A photo of nothing."""
    packed = io.BytesIO()
    Image.new("RGB", (width, height), (120, 160, 200)).save(packed, "JPEG")
    return packed.getvalue()
