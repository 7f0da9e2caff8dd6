"""A person in the stand-in's chat: sends a picture, waits for the answer, opens what is in it."""

from __future__ import annotations

import asyncio
import mimetypes
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

_POLL_SECONDS = 0.1


class NoAnswer(Exception):
    """The bot said nothing in the time it has."""


class Refused(Exception):
    """Telegram takes no such file (an empty one), so no bot sees it."""


@dataclass(frozen=True)
class Answer:
    """What the bot said: its sentence or caption, and where its photo is, if one came."""

    caption: str
    photo: str | None = None


class Chat:
    """One new private chat; a context, because it holds a connection."""

    def __init__(self, stand_in: str) -> None:
        self._client = httpx.AsyncClient(base_url=stand_in, trust_env=False, timeout=30)
        self.chat_id = 0

    async def __aenter__(self) -> Self:
        made = await self._client.post("/control/chats", json={"type": "private", "name": "Ada"})
        self.chat_id = made.raise_for_status().json()["id"]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.aclose()

    async def send(self, name: str, content: bytes) -> int:
        """Send a file as a photo where Telegram would take it as one, else as a file; returns the message's id.

        As a file it is always said to be an image, whatever its name: so it is the bot that must judge it. Raises Refused.
        """
        sent = await self._post("photo", (name, content))
        if sent.status_code == httpx.codes.BAD_REQUEST:
            sent = await self._post("document", (name, content, image_type(name)))
        if sent.status_code == httpx.codes.BAD_REQUEST:
            raise Refused(f"Telegram does not take this file: {sent.json()['error']}")
        message_id: int = sent.raise_for_status().json()["message_id"]
        return message_id

    async def answer_to(self, message_id: int, *, seconds: float) -> Answer:
        """The bot's first message after this one. Raises NoAnswer when none has come in time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for message in await self.messages(self.chat_id, after=message_id):
                        if message["from_bot"]:
                            return _answer(message)
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise NoAnswer(f"the bot has not answered within {seconds:.0f} s") from None

    async def open(self, url: str) -> bytes:
        """The bytes of a file in the chat."""
        return (await self._client.get(url)).raise_for_status().content

    async def _post(self, kind: str, file: tuple[str, bytes] | tuple[str, bytes, str]) -> httpx.Response:
        return await self._client.post(f"/control/chats/{self.chat_id}/{kind}", files={kind: file})

    async def messages(self, chat_id: int, *, after: int) -> list[dict[str, Any]]:
        """A chat's messages after this one, as the stand-in has them."""
        answer = await self._client.get(f"/control/chats/{chat_id}/messages", params={"after": after})
        messages: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return messages


def image_type(name: str) -> str:
    """The type of image that a file of this name is taken for.

    >>> image_type("a.png"), image_type("notes.txt"), image_type("photo")
    ('image/png', 'image/jpeg', 'image/jpeg')
    """
    guessed = mimetypes.guess_type(name)[0] or ""
    return guessed if guessed.startswith("image/") else "image/jpeg"


def _answer(message: dict[str, Any]) -> Answer:
    photo = message["files"][0]["url"] if message["files"] else None
    return Answer(caption=message.get("caption") or message.get("text", ""), photo=photo)
