"""A chat in the admin: blocked and unblocked, and erased with a receipt; each once it is confirmed."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client

from detection import chats, photos, predictions
from tests.clouds import Cloud
from tests.detection.roles import person
from tests.detection.test_predictions import created

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(person("owner"))
    return client


def logged() -> list[tuple[str, str]]:
    return [(entry.object_id or "", entry.change_message) for entry in LogEntry.objects.order_by("pk")]


@pytest.mark.parametrize("chat_id", [42, -100123])
def test_block_and_unblock(cloud: Cloud, owner: Client, chat_id: int) -> None:
    page = f"/admin/chats/{chat_id}/"
    text = owner.get(page).content.decode()
    assert f'href="/admin/predictions/?chat={chat_id}"' in text
    assert "Not blocked" in text
    asked = owner.post(page, {"action": "block"}).content.decode()
    assert "Are you sure?" in asked
    assert "Its photos will be ignored from now on" in asked
    assert chats.blocked_since(chat_id) is None
    for _ in range(2):
        assert owner.post(page, {"action": "block", "confirmed": "yes"})["Location"] == page
    assert chats.blocked_since(chat_id)
    assert "Blocked since" in (text := owner.get(page).content.decode())
    assert 'value="unblock"' in text
    answer = owner.post(page, {"action": "unblock", "confirmed": "yes"})
    assert str(list(get_messages(answer.wsgi_request))[-1]) == f"Chat {chat_id} is unblocked."
    assert chats.blocked_since(chat_id) is None
    assert logged() == [(f"chat {chat_id}", "blocked"), (f"chat {chat_id}", "unblocked")]


def test_erased_with_a_receipt(cloud: Cloud, owner: Client) -> None:
    created()
    photos.put("42/42-7/photo", b"x", content_type="image/jpeg")
    chats.migrated(42, -100123)
    asked = owner.post("/admin/chats/42/", {"action": "erase"}).content.decode()
    assert "erased for good" in asked
    assert predictions.get("42-7")
    text = owner.post("/admin/chats/42/", {"action": "erase", "confirmed": "yes"}).content.decode()
    assert "erased of chat 42 and -100123: 1 predictions and 1 pictures" in text
    assert "for up to 35 days the database&#x27;s backups" in text
    assert predictions.get("42-7") is None
    assert photos.keys("42/") == set()
    again = owner.post("/admin/chats/42/", {"action": "erase", "confirmed": "yes"}).content.decode()
    assert "0 predictions and 0 pictures" in again
    assert logged()[0] == ("chat 42", "erased of chat 42 and -100123: 1 predictions and 1 pictures")


@pytest.mark.parametrize("name", ["x", "4503599627370497", "%20", "<b>"])
def test_what_is_no_chat_is_404(cloud: Cloud, owner: Client, name: str) -> None:
    assert owner.get(f"/admin/chats/{name}/").status_code == 404
