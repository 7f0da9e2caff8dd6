"""Queues in the admin: seen by who may look, paused and resumed by who may control, and written down."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from detection import dashboard
from tests.clouds import Cloud
from tests.detection.test_dashboard_page import member, text_of

pytestmark = pytest.mark.django_db
PAGE, ACT = "/admin/queues/", "/admin/queues/act/"
PAUSE = {"action": "pause", "queue": "photos"}


def test_a_viewer_sees_the_queues_and_no_control(cloud: Cloud, client: Client) -> None:
    member(client, "viewer")
    text = text_of(client, PAGE)
    for queue in ("photos", "photos-bulk", "answers"):
        assert f'<th scope="row">{queue}</th>' in text
    assert "Pause" not in text
    assert client.post(ACT, PAUSE).status_code == 403
    assert dashboard.pauses().all() == {}


def test_a_pause_is_asked_for_twice_told_everywhere_and_written_down(cloud: Cloud, client: Client) -> None:
    member(client, "operator")
    assert 'aria-label="Pause photos"' in text_of(client, PAGE)
    asked = client.post(ACT, PAUSE).content.decode()
    assert "Pause the queue photos?" in asked
    assert "Whoever sends a photo waits" in asked
    assert dashboard.pauses().all() == {}
    told = client.post(ACT, PAUSE | {"confirmed": "yes"}, follow=True).content.decode()
    assert "photos is paused" in told
    assert 'aria-label="Resume photos"' in told
    assert dashboard.pauses().all()["photos"].by == "operator-olga"
    assert "<strong>paused</strong>" in text_of(client, "/admin/dashboard/")
    assert "was paused already" in client.post(ACT, PAUSE | {"confirmed": "yes"}, follow=True).content.decode()
    resume = {"action": "resume", "queue": "photos", "confirmed": "yes"}
    assert "photos is resumed" in client.post(ACT, resume, follow=True).content.decode()
    assert dashboard.pauses().all() == {}
    entries = LogEntry.objects.order_by("id")
    assert [(entry.object_repr, entry.change_message) for entry in entries] == [("queue photos", "paused"), ("queue photos", "resumed")]


def test_what_is_no_action_or_no_queue_is_404(cloud: Cloud, client: Client) -> None:
    member(client, "operator")
    assert client.get(ACT).status_code == 405
    for form in ({"action": "burn", "queue": "photos"}, {"action": "pause", "queue": "nowhere"}):
        assert client.post(ACT, form | {"confirmed": "yes"}).status_code == 404
