"""The stand-in of Telegram, as whoever sends it photos sees it."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.rehearse.processes import ROOT, Running, started

TOKEN = "1:rehearsed-token"  # noqa: S105  # of a bot that is nowhere
PHOTO = ROOT / "sandbox" / "samples" / "emoji" / "party.jpg"
_BOUNDARY = "a-line-that-is-in-no-photo"


@dataclass(frozen=True)
class Telegram:
    """The stand-in at `api`."""

    api: str

    def set_webhook(self, url: str, secret: str) -> None:
        self._post(f"/bot{TOKEN}/setWebhook", {"url": url, "secret_token": secret})

    def new_chat(self) -> int:
        return int(self._post("/control/chats", {"type": "private", "name": "Ada"})["id"])

    def send_photo(self, chat: int) -> int:
        """The message's id."""
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        body = head.encode() + PHOTO.read_bytes() + f"\r\n--{_BOUNDARY}--\r\n".encode()
        sent = self._call(f"/control/chats/{chat}/photo", body, f"multipart/form-data; boundary={_BOUNDARY}")
        return int(sent["message_id"])

    def refuse_once(self, chat: int) -> None:
        """The next photo that the bot sends there is answered with 500."""
        self._post("/control/faults", {"method": "sendPhoto", "chat_id": chat, "code": 500})

    def deliver(self, chat: int, url: str) -> int:
        """Deliver the chat's newest update there once more; the status that it was answered with."""
        updates = self._call(f"/control/updates?chat_id={chat}")["updates"]
        answers = self._post(f"/control/updates/{updates[-1]['update_id']}/deliver", {"times": 1, "urls": [url]})["answers"]
        return int(answers[0]["status"])

    def answers(self, chat: int) -> list[str]:
        """What the bot said there: texts, and the captions of photos."""
        messages = self._call(f"/control/chats/{chat}/messages")["messages"]
        return [message.get("caption") or message.get("text") or "" for message in messages if message["from_bot"]]

    def _post(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        return self._call(path, json.dumps(content).encode(), "application/json")

    def _call(self, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        request = urllib.request.Request(self.api + path, data=body, headers={"Content-Type": kind} if kind else {})  # noqa: S310  # ours
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            found: dict[str, Any] = json.loads(answer.read())
        return found


@contextmanager
def stand_in(folder: Path) -> Iterator[Telegram]:
    """A stand-in with one bot, up."""
    command = ("sandbox.telegram", "--port", "0", "--state", str(folder / "telegram"), "--token", TOKEN)
    with started(*command, environment={}, log=folder / "telegram.log", ready=lambda running: bool(_address(running))) as running:
        yield Telegram(_address(running))


def _address(running: Running) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", running.output())
    return found[0] if found else ""
