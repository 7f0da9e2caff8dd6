"""An operator at the admin, over HTTP: logged in, with cookies and the token that each form carries."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

OPERATOR, PASSWORD = "ada", "a-rehearsed-password"  # of an account that is nowhere


@dataclass(frozen=True)
class Answer:
    """What a page said; `text` is empty of what is no text."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class Desk:
    """One session at the site at `address`. Redirects are followed."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies), urllib.request.ProxyHandler({}))
        self.get("/admin/login/")
        self.post("/admin/login/", username=OPERATOR, password=PASSWORD)

    def get(self, path: str) -> Answer:
        return self._call(urllib.request.Request(self._address + path))  # noqa: S310  # ours

    def post(self, path: str, **fields: str) -> Answer:
        token = next((cookie.value or "" for cookie in self._cookies if cookie.name == "csrftoken"), "")
        form = urlencode(fields | {"csrfmiddlewaretoken": token}).encode()
        return self._call(urllib.request.Request(self._address + path, data=form))  # noqa: S310

    def _call(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.read())
        except HTTPError as error:
            return Answer(error.code, error.read())


def read(address: str, token: str) -> dict[str, Any] | None:
    """What the read API says there to whoever has this token; None where it says anything but 200."""
    request = urllib.request.Request(address, headers={"Authorization": f"Token {token}"})  # noqa: S310  # ours
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            found: dict[str, Any] = json.loads(answer.read())
            return found
    except HTTPError:
        return None
