"""Actions on predictions in the admin: told first, done once, each in the log, and what happened to each is said."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.messages import get_messages
from django.test import Client

from detection import config, photos, predictions
from detection.clock import now
from detection.prediction import Prediction, Status
from detection.predictions import Outcome
from detection.reruns import run_again
from taskqueue import clients
from taskqueue.registry import Registry, Worker
from tests import queues
from tests.clouds import Cloud
from tests.detection.roles import person
from tests.detection.test_predictions import created

pytestmark = pytest.mark.django_db
ACT = "/admin/predictions/act/"


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(person("owner"))
    return client


def stored(name: str) -> Prediction:
    found = predictions.get(name)
    assert found
    return found


def answered(message_id: int = 7) -> str:
    name = created(message_id)
    predictions.finish(name, Outcome(model="m-1"))
    predictions.mark_replied(predictions.claim(name))
    return name


def asked(client: Client, action: str, *ids: str, **more: str) -> str:
    """The page that asks whether."""
    answer = client.post(ACT, {"action": action, "ids": ids, **more})
    assert answer.status_code == 200
    return answer.content.decode()


def form(page: str) -> dict[str, Any]:
    """What the page's form would send."""
    fields: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page):
        fields.setdefault(name, []).append(html.unescape(value))
    return fields


def confirmed(client: Client, page: str, **more: str) -> tuple[str, list[str]]:
    """Where the form leads, and what is said there."""
    answer = client.post(ACT, form(page) | more)
    assert answer.status_code == 302, answer.content.decode()
    client.cookies.pop("messages", None)  # they are read: here, and not by a page
    return answer["Location"], [str(message) for message in get_messages(answer.wsgi_request)]


def logged() -> list[tuple[str, str]]:
    return [(entry.object_id or "", entry.change_message) for entry in LogEntry.objects.order_by("pk")]


def worker_with(*models: str) -> None:
    told = {"model": models[0], "further": ",".join(models[1:])}
    registry = Registry(clients.make("dynamodb"), config.shared().workers_table)
    registry.put(Worker(worker="w", host="h", started_at=now(), heartbeat_at=now(), versions=told))


@pytest.mark.parametrize("action", ["run-again", "resend", "right", "wrong", "delete"])
def test_unconfirmed_it_is_told_and_nothing_is_done(cloud: Cloud, owner: Client, action: str) -> None:
    before = stored(answered())
    text = asked(owner, action, "42-7", "42-8")
    assert "What will happen to 1 prediction:" in text
    assert "there is no such prediction" in text
    assert form(text)["ids"] == ["42-7"]
    assert stored("42-7") == before
    assert logged() == []


def test_run_again_with_another_model(cloud: Cloud, owner: Client) -> None:
    worker_with("m-1", "m-2")
    answered()
    page = asked(owner, "run-again", "42-7")
    assert "is run again as 42-7-1; the chat gets the new answer too" in page
    assert re.findall(r"<option[^>]*>([^<]*)", page) == ["the one that the worker serves", "m-1", "m-2"]
    where, said = confirmed(owner, page, model="m-2")
    assert (where, said) == ("/admin/predictions/42-7/", ["42-7: run again as 42-7-1, with m-2."])
    assert (stored("42-7-1").wanted_model, stored("42-7-1").status) == ("m-2", Status.QUEUED)
    assert [task.arguments for task in queues.receive("photos")] == [["42-7-1"]]
    assert confirmed(owner, page, model="m-2")[1] == ["42-7: had been run again as 42-7-1, with m-2."]
    assert logged() == [("42-7", "run again as 42-7-1, with m-2")]
    assert queues.receive("photos") == []


def test_a_model_that_no_worker_has_is_not_asked_for(cloud: Cloud, owner: Client) -> None:
    answered()
    answer = owner.post(ACT, {"action": "run-again", "ids": "42-7", "model": "m-9", "confirmed": "yes"})
    assert answer.status_code == 400
    assert "No worker that is up has the model m-9" in answer.content.decode()
    assert predictions.get("42-7-1") is None


def test_the_newest_run_is_run_again_and_once(cloud: Cloud, owner: Client) -> None:
    answered()
    run_again(stored("42-7"))
    page = asked(owner, "run-again", "42-7", "42-7-1")
    assert form(page)["ids"] == ["42-7-1"]
    assert "the chat, which still waits, gets the answer of the new run alone" in page
    confirmed(owner, page)
    assert stored("42-7-1").undeliverable == "run again as 42-7-2"


def test_resend_and_the_same_form_again(cloud: Cloud, owner: Client) -> None:
    page = asked(owner, "resend", answered(), created(8))
    assert "nothing will be sent: it has not been answered yet" in page
    assert confirmed(owner, page)[1] == ["42-7: its answer is being sent again."]
    predictions.mark_replied(predictions.claim("42-7"))
    (again,) = confirmed(owner, page)[1]
    assert again.startswith("42-7: not sent: it has changed since you were asked")
    assert len(queues.receive("answers")) == 1
    assert logged() == [("42-7", "its answer is being sent again")]


def test_resend_wants_to_know_what_was_seen(cloud: Cloud, owner: Client) -> None:
    answered()
    owner.post(ACT, {"action": "resend", "ids": "42-7", "confirmed": "yes"})
    assert not stored("42-7").is_open


def test_verdicts(cloud: Cloud, owner: Client) -> None:
    page = asked(owner, "wrong", answered(), answered(8), created(9))
    assert "nothing to judge: it is QUEUED" in page
    assert confirmed(owner, page)[1] == ["42-7: marked wrong.", "42-8: marked wrong."]
    assert confirmed(owner, page)[1] == ["42-7: is marked wrong already.", "42-8: is marked wrong already."]
    confirmed(owner, asked(owner, "right", "42-7"))
    assert (stored("42-7").verdict, stored("42-8").verdict) == ("right", "wrong")
    assert logged() == [("42-7", "marked wrong"), ("42-8", "marked wrong"), ("42-7", "marked right")]


def test_delete_with_pictures_and_with_the_runs_of_the_same_photo(cloud: Cloud, owner: Client) -> None:
    answered()
    run_again(stored("42-7"))
    photos.put("42/42-7/photo", b"x", content_type="image/jpeg")
    page = asked(owner, "delete", "42-7")
    assert "is deleted with its pictures; since its photo is theirs too, so are 42-7-1" in page
    assert confirmed(owner, page) == ("/admin/predictions/?", ["42-7: deleted, and with it 42-7-1; pictures: 1."])
    assert confirmed(owner, page)[1] == ["42-7: was deleted already."]
    assert predictions.get("42-7") is predictions.get("42-7-1") is None
    assert photos.keys("42/") == set()
    (entry,) = LogEntry.objects.all()
    assert (entry.action_flag, entry.object_id) == (DELETION, "42-7")


def test_back_to_the_list_as_it_was_filtered(cloud: Cloud, owner: Client) -> None:
    answered()
    page = asked(owner, "right", "42-7", filters="chat=42&labels=dog%2C+cat&cursor=older_x&next=//example.org")
    assert confirmed(owner, page)[0] == "/admin/predictions/?chat=42&labels=dog%2C+cat"


def test_nothing_chosen_is_told(cloud: Cloud, owner: Client) -> None:
    answer = owner.post(ACT, {"action": "delete", "filters": "chat=x"})
    assert answer["Location"] == "/admin/predictions/?"
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["Nothing was done: choose predictions first."]


def test_aws_away_for_one_is_said_of_that_one(cloud: Cloud, owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    page = asked(owner, "delete", answered(), answered(8))
    monkeypatch.setenv("PHOTOS_BUCKET", "no-such-bucket")
    config.forget()
    said = confirmed(owner, page)[1]
    assert [message.split(":")[0:2] for message in said] == [[name, " perhaps not done, try again"] for name in ("42-7", "42-8")]
    monkeypatch.setenv("PHOTOS_BUCKET", cloud.bucket)
    config.forget()
    assert confirmed(owner, page)[1] == ["42-7: was deleted already.", "42-8: was deleted already."]
    assert [what.split(":")[:2] for _, what in logged()] == [["Delete", " perhaps done, perhaps not"]] * 2


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "explode", "ids": "42-7"},
        {"ids": "42-7"},
        {"action": "delete", "ids": "../42-7"},
        {"action": "delete", "ids": [f"42-{number}" for number in range(101)]},
    ],
    ids=["unknown action", "no action", "no id", "too many"],
)
def test_what_cannot_be_meant_is_refused(cloud: Cloud, owner: Client, fields: dict[str, Any]) -> None:
    answered()
    assert owner.post(ACT, fields | {"confirmed": "yes"}).status_code == 400
    assert predictions.get("42-7")


def test_a_get_does_nothing(cloud: Cloud, owner: Client) -> None:
    assert owner.get(ACT, {"action": "delete", "ids": "42-7", "confirmed": "yes"}).status_code == 405
