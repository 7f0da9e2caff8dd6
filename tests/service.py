"""The whole service for tests: stand-in of Telegram, sites and workers, each a process, on emulated AWS."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests import processes
from tests.clouds import Cloud
from tests.emulators import free_port
from tests.processes import Running
from tests.settings import ENVIRONMENT

TOKEN = ENVIRONMENT["TELEGRAM_TOKEN"]
SECRET = ENVIRONMENT["WEBHOOK_SECRETS"]


@dataclass
class Chats:
    """The stand-in's control side, and its Bot API."""

    client: httpx.Client

    def new(self) -> int:
        return int(self._post("/control/chats", json={"type": "private", "name": "Ada"})["id"])

    def send_photo(self, chat: int, photo: bytes) -> int:
        """As a photo, which Telegram re-encodes; returns the message's id."""
        return int(self._post(f"/control/chats/{chat}/photo", files={"photo": ("photo.jpg", photo)})["message_id"])

    def send_file(self, chat: int, data: bytes, name: str = "photo.jpg", mime_type: str = "image/jpeg") -> int:
        """As a file, whose bytes arrive as they are."""
        return int(self._post(f"/control/chats/{chat}/document", files={"document": (name, data, mime_type)})["message_id"])

    def messages(self, chat: int) -> list[dict[str, Any]]:
        found = self.client.get(f"/control/chats/{chat}/messages").raise_for_status().json()["messages"]
        return list(found)

    def answers(self, chat: int) -> list[dict[str, Any]]:
        """What the bot said in this chat, oldest first."""
        return [message for message in self.messages(chat) if message["from_bot"]]

    def answers_to(self, chat: int, message: int) -> list[dict[str, Any]]:
        return [one for one in self.answers(chat) if one.get("reply_to_message", {}).get("message_id") == message]

    def updates(self, chat: int) -> list[dict[str, Any]]:
        return list(self.client.get("/control/updates", params={"chat_id": chat}).raise_for_status().json()["updates"])

    def deliver(self, update_id: int, *, urls: list[str], times: int = 1) -> list[dict[str, Any]]:
        """POST an update to each of these addresses at the same moment."""
        return list(self._post(f"/control/updates/{update_id}/deliver", json={"times": times, "urls": urls})["answers"])

    def calls(self, method: str, chat: int) -> int:
        """How often this method of the Bot API was called for this chat, with success or without."""
        return len(self.client.get("/control/calls", params={"method": method, "chat_id": chat}).raise_for_status().json()["calls"])

    def set_webhook(self, url: str) -> None:
        body = {"url": url, "secret_token": SECRET}
        self.client.post(f"/bot{TOKEN}/setWebhook", json=body).raise_for_status()

    def file(self, path: str) -> bytes:
        return self.client.get(path).raise_for_status().content

    def _post(self, path: str, **content: Any) -> dict[str, Any]:
        return dict(self.client.post(path, **content).raise_for_status().json())


@dataclass
class Service:
    """What is running, and how to start more of it."""

    cloud: Cloud
    chats: Chats
    api: str
    folder: Path
    bundle: Path
    stack: ExitStack
    port: int = field(default_factory=free_port)
    started: int = 0

    @property
    def webhook(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhook"

    def site(self, *, port: int | None = None, armed: tuple[str, ...] = (), more: Mapping[str, str] | None = None) -> Running:
        """A site; the first one is where Telegram and the workers go to."""
        environment = self.cloud.environment | {"TELEGRAM_API_URL": self.api} | dict(more or {})
        return self.stack.enter_context(processes.site(environment, port=port or self.port, log=self._log("site"), armed=armed))

    def worker(self, *, concurrency: int = 1, armed: tuple[str, ...] = (), more: Mapping[str, str] | None = None) -> Running:
        """A worker of all queues."""
        environment = self.cloud.environment | {"DETECTION_MODEL": str(self.bundle), "RESULTS_URL": f"http://127.0.0.1:{self.port}/results"}
        return self.stack.enter_context(
            processes.worker(environment | dict(more or {}), log=self._log("worker"), concurrency=concurrency, armed=armed)
        )

    def logs(self) -> str:
        """Everything that every process wrote, for a failing test."""
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')[-6000:]}" for path in sorted(self.folder.glob("*.log")))

    def _log(self, name: str) -> Path:
        self.started += 1
        return self.folder / f"{self.started}-{name}.log"


@contextlib.contextmanager
def service(cloud: Cloud, folder: Path, bundle: Path) -> Iterator[Service]:
    """The stand-in is up, with the webhook set to a site that is not started yet; so is nothing else."""
    with ExitStack() as stack:
        api = stack.enter_context(processes.telegram(token=TOKEN, state=folder / "telegram", log=folder / "0-telegram.log"))
        client = stack.enter_context(httpx.Client(base_url=api, timeout=30))
        up = Service(cloud, Chats(client), api, folder, bundle, stack)
        up.chats.set_webhook(up.webhook)
        yield up


def wait_for_answers(up: Service, chat: int, count: int = 1, *, seconds: float = 30) -> list[dict[str, Any]]:
    """The bot's answers in this chat, as soon as there are `count`; AssertionError, with every log, after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if len(answers := up.chats.answers(chat)) >= count:
            return answers
        time.sleep(0.1)
    raise AssertionError(f"{len(up.chats.answers(chat))} of {count} answers in {seconds:g} s\n{up.logs()}")
