"""Dead letters in the admin: seen, looked at, redriven and dropped, each by whoever may, and written down."""

from __future__ import annotations

import base64
import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from detection import aws, config, graves, predictions
from detection.celery import app
from detection.clock import now
from detection.graves import NoSuchQueue, readable
from detection.submit import submit_photo
from taskqueue.queues import urls as queues_of
from tests import queues
from tests.clouds import Cloud
from tests.detection.test_dashboard_page import member, text_of

pytestmark = pytest.mark.django_db
LIST, ACT = "/admin/letters/", "/admin/letters/act/"


def bury(*bodies: str, queue: str = "photos") -> list[str]:
    """Put letters behind a queue; returns how a form names them, in the same order."""
    url = config.shared().queue_urls[queue]
    dead = aws.sqs().get_queue_url(QueueName=url.rsplit("/", 1)[1] + "-dead")["QueueUrl"]
    return [f"{queue}/{aws.sqs().send_message(QueueUrl=dead, MessageBody=body)['MessageId']}" for body in bodies]


def photo(message_id: int = 7) -> str:
    """A photo that was submitted and whose task nobody takes; returns the task's body."""
    submit_photo(b"bytes", chat_id=42, message_id=message_id, received_at=now())
    (task,) = queues.receive("photos")
    return task.body


def left() -> list[str]:
    """The letters behind all queues, seen without being hidden: there are fewer than SQS shows at once."""
    found = []
    for queue, url in queues_of(app).items():
        dead = aws.sqs().get_queue_url(QueueName=url.rsplit("/", 1)[1] + "-dead")["QueueUrl"]
        told = aws.sqs().receive_message(QueueUrl=dead, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        found += [f"{queue}/{message['MessageId']}" for message in told]
    return sorted(found)


def notes() -> list[tuple[str, str]]:
    return [(entry.object_repr, entry.change_message) for entry in LogEntry.objects.order_by("id")]


def test_they_are_listed_with_what_they_are_about_and_left_where_they_are(cloud: Cloud, client: Client) -> None:
    bury(photo(), "<script>what is this</script>")
    bury("x", queue="answers")
    member(client, "viewer")
    for _ in range(2):
        text = text_of(client, LIST)
        assert 'href="/admin/predictions/42-7/"' in text
        assert text.count("unreadable") == 2
        assert "received too often" in text
    assert "<button" not in text.partition('<div class="results"')[2], "a viewer has nothing to press"


def test_one_is_shown_whole_and_harmless(cloud: Cloud, client: Client) -> None:
    strange, ours = bury("<script>alert(1)</script>", photo())
    member(client, "viewer")
    text = text_of(client, f"{LIST}{strange}/")
    assert "<pre" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "&quot;task&quot;: &quot;detection.tasks.detect_objects&quot;" in text_of(client, f"{LIST}{ours}/")
    assert client.get(f"{LIST}photos/not-there/").status_code == 404
    assert client.get(f"{LIST}nowhere/x/").status_code == 404


def test_a_letter_whose_argument_is_no_prediction_is_listed_like_any_other(cloud: Cloud, client: Client) -> None:
    body = json.dumps([["../../etc/passwd"], {}, {}])
    envelope = {
        "body": base64.b64encode(body.encode()).decode(),
        "headers": {"task": "detection.tasks.detect_objects", "id": "5f0c"},
        "properties": {"body_encoding": "base64", "delivery_tag": "1", "delivery_info": {}},
        "content-type": "application/json",
        "content-encoding": "utf-8",
    }
    bury(base64.b64encode(json.dumps(envelope).encode()).decode())
    member(client, "viewer")
    assert "detect_objects" in text_of(client, LIST)


def test_a_photos_letter_becomes_a_new_run_once_it_is_confirmed(cloud: Cloud, client: Client) -> None:
    wanted, other = bury(photo(7), photo(8))
    member(client, "operator")
    form = {"action": "redrive", "letters": [wanted]}
    asked = client.post(ACT, form).content.decode()
    assert "Redrive 1 dead letter?" in asked
    assert f'name="letters" value="{wanted}"' in asked
    assert left() == sorted([wanted, other])
    assert notes() == []
    answer = client.post(ACT, form | {"confirmed": "yes"}, follow=True)
    assert "run again as 42-7-1" in answer.content.decode()
    assert left() == [other]
    assert predictions.get("42-7-1")
    assert [task.arguments for task in queues.receive("photos")] == [["42-7-1"]]
    assert notes() == [(f"letter {wanted.partition('/')[2]}", "Redrive, behind photos, 42-7: run again as 42-7-1")]


def test_what_cannot_be_redriven_stays_and_is_told(cloud: Cloud, client: Client) -> None:
    names = bury("what is this")
    member(client, "operator")
    text = client.post(ACT, {"action": "redrive", "letters": names, "confirmed": "yes"}, follow=True).content.decode()
    assert "NotOurs" in text
    assert "It stays where it is" in text
    assert left() == names


def test_many_of_several_queues_are_dropped_together(cloud: Cloud, client: Client) -> None:
    names = [*bury("a", "b", "c"), *bury("d", queue="answers")]
    member(client, "owner")
    form = {"action": "drop", "letters": [names[0], names[2], names[3]]}
    assert "Drop 3 dead letters?" in client.post(ACT, form).content.decode()
    client.post(ACT, form | {"confirmed": "yes"})
    assert left() == [names[1]]
    assert len(notes()) == 3
    again = client.post(ACT, form | {"confirmed": "yes"}, follow=True).content.decode()
    assert "3 were not dealt with" in again
    assert left() == [names[1]]


def test_a_photo_whose_letter_is_dropped_is_not_touched(cloud: Cloud, client: Client) -> None:
    names = bury(photo())
    before = predictions.get("42-7")
    member(client, "owner")
    client.post(ACT, {"action": "drop", "letters": names, "confirmed": "yes"})
    assert (left(), predictions.get("42-7"), predictions.get("42-7-1")) == ([], before, None)


@pytest.mark.parametrize(
    ("role", "action", "status"),
    [("viewer", "redrive", 403), ("viewer", "drop", 403), ("operator", "redrive", 200), ("operator", "drop", 403), ("owner", "drop", 200)],
)
def test_each_action_has_a_permission_of_its_own(cloud: Cloud, client: Client, role: str, action: str, status: int) -> None:
    names = bury("x")
    member(client, role)
    for form in ({"action": action, "letters": names}, {"action": action, "letters": names, "confirmed": "yes"}):
        assert client.post(ACT, form).status_code in ({403} if status == 403 else {200, 302})
    if status == 403:
        assert left() == names
        assert f'value="{action}"' not in text_of(client, LIST)


def test_it_takes_a_post_a_known_action_and_a_letter(cloud: Cloud, client: Client) -> None:
    member(client, "owner")
    assert client.get(ACT).status_code == 405
    assert client.post(ACT, {"action": "burn", "letters": ["photos/x"]}).status_code == 400
    assert client.post(ACT, {"action": "drop", "letters": ["nowhere/x"], "confirmed": "yes"}).status_code == 404
    assert "No letter was chosen" in client.post(ACT, {"action": "drop", "confirmed": "yes"}, follow=True).content.decode()


def test_a_forged_form_does_nothing(cloud: Cloud) -> None:
    names = bury("x")
    strict = Client(enforce_csrf_checks=True)
    member(strict, "owner")
    assert strict.post(ACT, {"action": "drop", "letters": names, "confirmed": "yes"}).status_code == 403
    assert left() == names


def test_a_run_that_takes_too_long_leaves_the_rest(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    names = bury(*(f"letter {number}" for number in range(40)))
    monkeypatch.setattr(graves, "_RATE", 10.0)
    monkeypatch.setattr(graves, "LONGEST_SECONDS", 1.0)
    told = graves.drop("photos", [name.partition("/")[2] for name in names])
    assert 0 < len(told) < 40
    assert len(graves.listed()) == 40 - len(told)


def test_a_long_body_is_cut() -> None:
    assert readable("x" * 30, longest=10) == "x" * 10 + "… (30 characters)"
    assert readable(base64.b64encode(b"plain").decode()) == "plain"


def test_a_queue_that_is_not_there_is_named(cloud: Cloud) -> None:
    with pytest.raises(NoSuchQueue, match=re.escape("'nowhere'") + ".*photos"):
        graves.drop("nowhere", ["x"])
