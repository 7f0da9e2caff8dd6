"""The API for programs: who may ask and how often, what it tells, and what it says of a mistake."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.test import Client
from rest_framework.authtoken.models import Token

from detection import config, hours, listing, predictions
from detection.api import query
from detection.api.answers import OnePrediction
from detection.clock import now
from detection.fill.write import fill
from detection.filters import Filters
from detection.prediction import Box, Detection, Failure, Prediction
from detection.predictions import Outcome
from tests.clouds import Cloud
from tests.detection.test_predictions import created

pytestmark = pytest.mark.django_db
LIST = "/api/predictions"


@pytest.fixture(autouse=True)
def _unthrottled() -> Iterator[None]:
    """Whose requests were counted before is not this test's user."""
    cache.clear()
    yield
    cache.clear()


def token_of(name: str, *, may_view: bool = True) -> dict[str, str]:
    """The header of a user who can't log in to the admin."""
    user = User.objects.create_user(name)
    if may_view:
        user.user_permissions.add(Permission.objects.get(codename="view_prediction"))
    return {"Authorization": f"Token {Token.objects.create(user=user).key}"}


@pytest.fixture
def program() -> Client:
    return Client(headers=token_of("program"))


def ids(answer: Any) -> list[str]:
    return [one["prediction_id"] for one in answer.json()["predictions"]]


@pytest.mark.parametrize("path", [LIST, f"{LIST}/42-7", "/api/dashboard"])
def test_without_a_token_or_the_permission_nothing_is_told(path: str) -> None:
    assert Client().get(path).status_code == 401
    assert Client().get(path)["WWW-Authenticate"] == "Token"
    assert Client(headers={"Authorization": "Token made-up"}).get(path).status_code == 401
    answer = Client(headers=token_of("sam", may_view=False)).get(path)
    assert (answer.status_code, answer.json()) == (403, {"detail": "The token's user may not view predictions."})


def test_a_token_is_taken_from_no_url_and_a_session_is_none(client: Client) -> None:
    key = token_of("program")["Authorization"].partition(" ")[2]
    assert client.get(LIST, {"token": key}).status_code == 401
    client.force_login(User.objects.create_superuser("olga"))
    assert client.get(LIST).status_code == 401


def test_a_superuser_makes_a_token_in_the_admin(cloud: Cloud, client: Client) -> None:
    client.force_login(User.objects.create_superuser("olga"))
    user = User.objects.create_user("ada")
    user.groups.add(Group.objects.get(name="viewer"))
    assert client.post("/admin/authtoken/tokenproxy/add/", {"user": user.pk}).status_code == 302
    headers = {"Authorization": f"Token {Token.objects.get(user=user).key}"}
    assert Client(headers=headers).get(LIST).status_code == 200


def test_a_user_who_was_locked_out_has_no_token_any_more(program: Client) -> None:
    User.objects.update(is_active=False)
    assert program.get(LIST).status_code == 401


def test_one_is_told_whole(cloud: Cloud, program: Client) -> None:
    name = created()
    predictions.start(name, worker="w1")
    predictions.finish(name, Outcome(model="m-1", detections=(Detection("cat", 0.91, Box(0.1, 0.2, 0.5, 0.75)),)))
    told = program.get(f"{LIST}/{name}")
    assert told["Cache-Control"] == "no-store"
    one, known = told.json(), predictions.get(name)
    assert known
    assert one["detections"] == [{"label": "cat", "confidence": 0.91, "box": {"x1": 0.1, "y1": 0.2, "x2": 0.5, "y2": 0.75}}]
    plain = {"prediction_id": name, "chat_id": 42, "message_id": 7, "run": 0, "status": "DONE", "is_open": True, "failure": None}
    assert one | plain | {"model": "m-1", "worker": "w1", "attempts": 1, "replied_at": None} == one
    assert datetime.fromisoformat(one["finished_at"]) == known.finished_at


def test_all_is_told_but_where_the_pictures_are() -> None:
    fields = {field.name for field in dataclasses.fields(Prediction)}
    assert fields - set(OnePrediction().fields) == {"photo_key", "annotated_key"}


def test_a_failure_is_told_with_its_reason(cloud: Cloud, program: Client) -> None:
    predictions.finish(created(), Outcome(failure=Failure.DAMAGED))
    (one,) = program.get(LIST, {"status": "FAILED"}).json()["predictions"]
    assert (one["status"], one["failure"]) == ("FAILED", "damaged")


def test_pages_are_linked_forth_and_back_with_their_filters(cloud: Cloud, program: Client) -> None:
    for message in range(1, 56):
        created(message, chat_id=7, age=timedelta(minutes=message))
    created(1)
    first = program.get(LIST, {"chat": "7"})
    assert ids(first) == [f"7-{message}" for message in range(1, 51)]
    assert (first.json()["newer"], first.json()["looked_back_to"]) == (None, None)
    assert first.json()["older"].startswith("http://testserver/api/predictions?chat=7&cursor=older_")
    second = program.get(first.json()["older"])
    assert (ids(second), second.json()["older"]) == ([f"7-{message}" for message in range(51, 56)], None)
    assert ids(program.get(second.json()["newer"])) == ids(first)


def test_a_page_that_stopped_looking_says_how_far_it_has_looked(cloud: Cloud, program: Client) -> None:
    created(1, age=timedelta(days=20))
    first = program.get(LIST).json()
    assert first["predictions"] == []
    assert datetime.fromisoformat(first["looked_back_to"]) == listing.page(Filters(), cursor=None).looked_back_to
    here = first
    while not here["predictions"]:
        here = program.get(here["older"]).json()
    assert [one["prediction_id"] for one in here["predictions"]] == ["42-1"]


def test_each_mistake_is_named(program: Client) -> None:
    answer = program.get(LIST + "?since=tuesday&confidence=120&chatt=7&labels=,&chat=1&chat=2&model=")
    assert answer.status_code == 400
    mistakes = answer.json()["mistakes"]
    assert mistakes["chat"] == "is given more than once, but must be given once"
    assert mistakes["chatt"].startswith("is unknown here. There are since, until, chat,")
    assert mistakes["labels"] == mistakes["model"] == "is empty: give it a value, or leave it out"
    read = program.get(LIST, {"since": "tuesday", "confidence": "120"}).json()
    assert read["mistakes"]["since"] == "is 'tuesday', but it must be a day or a time, such as 2026-11-23 or 2026-11-23T18:00 (UTC)"
    assert "confidence is '120', but it must be a number from 0 to 100, in %" in read["detail"]
    assert list(program.get(LIST, {"cursor": "x"}).json()["mistakes"]) == ["cursor"]


def test_the_dashboard_has_the_counters_of_its_range(cloud: Cloud, program: Client) -> None:
    hours.forget()
    made = fill(200, seed=2, until=now())
    told = program.get("/api/dashboard", {"range": "week"}).json()
    since = datetime.fromisoformat(told["since"])
    assert timedelta(days=7) <= now() - since < timedelta(days=7, hours=2)
    recent = [one for one in made if one.created_at >= since and one.run == 0]
    assert told["photos"] == len(recent) > 10
    finished = [one for one in made if one.finished_at and one.finished_at >= since]
    assert told["done"] + told["failed"] == len(finished)
    assert told["models"] == Counter(one.model for one in finished if one.model)
    assert told["classes"]["person"] == sum(found.label == "person" for one in finished for found in one.detections)
    assert told["stages"]["latency"]["times"] == told["replied"]
    assert 0.1 < told["stages"]["detecting"]["p50"] < 1
    assert program.get("/api/dashboard").json()["photos"] < told["photos"]


def test_a_range_that_there_is_none_of_is_named(program: Client) -> None:
    answer = program.get("/api/dashboard", {"range": "year"})
    assert (answer.status_code, answer.json()["mistakes"]) == (400, {"range": "is 'year', but it must be one of hour, day, week"})


def test_its_filters_are_those_of_the_list() -> None:
    assert list(query.FILTERS) == [field.name for field in dataclasses.fields(Filters)]


@pytest.mark.parametrize("name", ["1-1", "cat", "42-7/photo", "1" * 5000 + "-1", "1-" + "1" * 5000])
def test_what_is_not_there_is_404(name: str, cloud: Cloud, program: Client) -> None:
    answer = program.get(f"{LIST}/{name}")
    assert (answer.status_code, list(answer.json())) == (404, ["detail"])


def test_a_table_that_is_away_is_503(cloud: Cloud, program: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_PREFIX", "no-such-table")
    config.forget()
    for path in (LIST, f"{LIST}/42-7"):
        answer = program.get(path)
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert answer.json()["detail"].startswith("Out of reach: ")


def test_who_asks_too_often_is_told_when_to_go_on(program: Client) -> None:
    answers = [program.get(LIST, {"chat": "x"}) for _ in range(121)]
    assert [answer.status_code for answer in answers] == [400] * 120 + [429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    other = Client(headers=token_of("other"))
    assert other.get(LIST, {"chat": "x"}).status_code == 400


def test_nothing_can_be_changed(program: Client) -> None:
    for method in (program.post, program.put, program.patch, program.delete):
        assert method(f"{LIST}/42-7").status_code == 405
