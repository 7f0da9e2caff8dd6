"""The admin's pages of predictions: who may see them, what they show, and what they cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from detection import config, listing, predictions
from detection.filters import Filters
from detection.prediction import Box, Detection, Failure
from detection.predictions import Outcome
from tests.clouds import Cloud
from tests.detection.test_predictions import created

pytestmark = pytest.mark.django_db
LIST = "/admin/predictions/"


@pytest.fixture
def operator(client: Client) -> Client:
    user = User.objects.create_user("olga", password="made-up", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_prediction"))
    client.force_login(user)
    return client


@pytest.mark.parametrize("page", [LIST, f"{LIST}42-7/"])
def test_a_stranger_is_sent_to_the_login_and_staff_without_the_permission_refused(cloud: Cloud, client: Client, page: str) -> None:
    created()
    assert client.get(page)["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("sam", password="made-up", is_staff=True))
    assert client.get(page).status_code == 403


def test_newest_first_and_page_by_page(cloud: Cloud, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for message, days in ((1, 3), (2, 0), (3, 1)):
        created(message, age=timedelta(days=days))
    text = operator.get(LIST).content.decode()
    assert text.index("42-2") < text.index("42-3") < text.index("42-1")
    assert 'rel="prev"' not in text
    first = listing.page(Filters(), size=2)
    second = operator.get(LIST, {"cursor": first.older or ""}).content.decode()
    assert "42-1" in second
    assert "42-2" not in second
    assert 'rel="prev"' in second


def test_filters_stay_in_the_address_and_in_the_form(cloud: Cloud, operator: Client) -> None:
    for message in range(1, 53):
        created(message, chat_id=7, age=timedelta(minutes=message))
    created(1)
    text = operator.get(LIST, {"chat": "7", "status": "QUEUED"}).content.decode()
    assert "42-1" not in text
    assert 'name="chat" value="7"' in text
    assert "<option selected>QUEUED</option>" in text
    assert "?chat=7&amp;status=QUEUED&amp;cursor=older_" in text


@pytest.mark.parametrize("query", [{"since": "tuesday"}, {"cursor": "<b>"}])
def test_a_filter_that_cannot_be_read_is_named(query: dict[str, str], cloud: Cloud, operator: Client) -> None:
    answer = operator.get(LIST, query)
    assert answer.status_code == 400
    assert "errornote" in answer.content.decode()
    assert "<b>" not in answer.content.decode()


def test_one_shows_its_stages_and_what_was_found(cloud: Cloud, operator: Client) -> None:
    name = created()
    predictions.start(name, worker="w1")
    predictions.finish(name, Outcome(model="m-1", detections=(Detection("cat<b>", 0.91, Box(0.1, 0.2, 0.5, 0.75)),)))
    text = operator.get(f"{LIST}{name}/").content.decode()
    for part in ("started", "finished", "cat&lt;b&gt;", "0.91", "m-1", "w1", "DONE"):
        assert part in text
    assert "replied</th>" not in text


def test_a_failure_is_told(cloud: Cloud, operator: Client) -> None:
    predictions.finish(created(), Outcome(failure=Failure.DAMAGED))
    assert "FAILED: damaged" in operator.get(LIST).content.decode()


def test_no_such_prediction_is_404(cloud: Cloud, operator: Client) -> None:
    assert operator.get(f"{LIST}1-1/").status_code == 404


def test_a_table_that_is_away_is_told(cloud: Cloud, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_PREFIX", "no-such-table")
    config.forget()
    answer = operator.get(LIST)
    assert answer.status_code == 503
    assert "Try again" in answer.content.decode()
