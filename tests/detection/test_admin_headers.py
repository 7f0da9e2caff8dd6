"""What a browser is told of the admin's pages, and that they keep to it: no inline script or style, nothing from other hosts."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client

from detection import photos
from tests.clouds import Cloud
from tests.detection.admin_pages import ADDRESSES
from tests.detection.test_predictions import created

pytestmark = pytest.mark.django_db
EVERYWHERE = [
    "/admin/login/",
    "/admin/password_change/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/admin/logentry/",
    *ADDRESSES,
]
MOST_BYTES = 300_000  # of script and style on one page


class Loaded(HTMLParser):
    """What a page loads, and what it has inline."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.images: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inline += [f"<{tag} {name}>" for name in given if name.startswith("on") or name == "style"]
        # JSON is data, which no browser runs
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.inline.append(f"<{tag}>")
        if tag == "script" and "src" in given:
            self.files.append(given["src"])
        if tag == "link" and given.get("rel") == "stylesheet":
            self.files.append(given["href"])
        if tag == "img":
            self.images.append(given["src"])


@pytest.fixture
def owner(cloud: Cloud, client: Client) -> Client:
    created()
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.mark.parametrize("address", EVERYWHERE)
def test_a_page_keeps_to_the_policy_that_it_comes_with(address: str, owner: Client) -> None:
    if address == "/admin/login/":
        owner.logout()
    answer = owner.get(address)
    assert answer.status_code == 200
    policy = {
        name: values.split() for name, _, values in (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    }
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == ["'self'"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    if address in ADDRESSES:
        assert "no-store" in answer["Cache-Control"]
    page = Loaded()
    page.feed(answer.content.decode())
    assert page.inline == []
    assert all(file.startswith("/") and not file.startswith("//") for file in page.files)
    if address in ADDRESSES:  # Django's own forms bring more
        found = [finders.find(file.removeprefix("/static/")) for file in page.files]
        assert sum(Path(str(file)).stat().st_size for file in found) < MOST_BYTES
    allowed = ("/static/", photos.origin() + "/") if photos.origin() in policy["img-src"] else ("/static/",)
    assert all(image.startswith(allowed) for image in page.images)
