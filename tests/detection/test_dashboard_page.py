"""The dashboard as an operator sees it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from detection import dashboard, predictions
from detection.admin import charts
from detection.clock import now
from detection.counters import bucket
from detection.hours import Hour
from detection.prediction import Failure
from detection.predictions import Outcome
from taskqueue.registry import RunningTask, Worker
from tests.clouds import Cloud, forget
from tests.detection.test_counters import found
from tests.detection.test_predictions import created
from tests.requests_made import requests_made

PAGE = "/admin/dashboard/"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def viewer(client: Client) -> Client:
    return member(client, "viewer")


def member(client: Client, role: str) -> Client:
    """Somebody of this role, logged in."""
    user = User.objects.create_user(f"{role}-olga", password="made-up", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return client


def text_of(client: Client, page: str = PAGE) -> str:
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


def figures(text: str) -> dict[str, str]:
    """The tiles: name → figure."""
    return {name: re.sub(r"<[^>]*>", "", value) for name, value in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text)}


def hours(*counts: dict[str, int]) -> list[Hour]:
    return [Hour(NOON + timedelta(hours=place), one) for place, one in enumerate(counts)]


@pytest.mark.django_db
def test_it_is_the_first_page_of_whoever_may_see_predictions_and_of_nobody_else(cloud: Cloud, client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("sam", password="made-up", is_staff=True))
    assert client.get(PAGE).status_code == 403
    assert client.get("/admin/").status_code == 200
    member(client, "viewer")
    assert client.get("/admin/")["Location"] == PAGE


@pytest.mark.django_db
def test_it_shows_what_was_counted_and_what_is(cloud: Cloud, viewer: Client) -> None:
    for message in range(1, 5):
        created(message)
    predictions.finish("42-1", Outcome(model="m-1<b>", detections=found("dog<i>", "cat", "cat")))
    predictions.finish("42-2", Outcome(failure=Failure.DAMAGED))
    predictions.mark_replied(predictions.claim("42-1"))
    at = now()
    running = RunningTask(id="5f0c", name="detection.tasks.detect_objects", started_at=at - timedelta(seconds=17))
    dashboard.registry().put(
        Worker(
            worker="celery@vm/4711",
            host="vm",
            started_at=at,
            heartbeat_at=at,
            memory_bytes=631_000_000,
            busy=1,
            processes=2,
            running=(running,),
            versions={"app": "0.1.0"},
        )
    )
    dashboard.registry().put(Worker(worker="celery@mac/1", host="mac", started_at=at, heartbeat_at=at))
    text = text_of(viewer)
    assert figures(text) == {
        "Photos": "4", "Answers": "1", "Failures": "1", "Undeliverable": "0", "Perhaps sent twice": "0", "Dead letters now": "0",
    }  # fmt: skip
    for part in ("m-1&lt;b&gt;", "dog&lt;i&gt;", "damaged", "631 MB", "not known", "app 0.1.0", "celery@vm/4711", "1 of 2"):
        assert part in text
    assert re.search(r"detect_objects, 1[789] s", text)
    assert text.index(">cat<") < text.index("dog&lt;i&gt;"), "the most frequent first"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["hour", "day", "week"])
def test_each_range_is_an_address(cloud: Cloud, viewer: Client, name: str) -> None:
    text = text_of(viewer, f"{PAGE}?range={name}")
    assert f'href="?range={name}" aria-current="true"' in text
    assert text.count('aria-current="true"') == 1
    assert viewer.get(f"{PAGE}?range=year").status_code == 404


@pytest.mark.django_db
def test_its_requests_are_as_many_for_many_predictions_as_for_none(cloud: Cloud, viewer: Client) -> None:
    text_of(viewer)
    with requests_made() as of_none:
        text_of(viewer)
    for message in range(1, 30):
        predictions.finish(created(message, chat_id=message), Outcome(detections=found("cat")))
    with requests_made() as of_many:
        text_of(viewer)
    assert sorted(of_none) == sorted(of_many)


@pytest.mark.django_db
def test_nothing_in_it_needs_a_lax_policy(cloud: Cloud, viewer: Client) -> None:
    predictions.finish(created(), Outcome(detections=found("cat")))
    for page in (PAGE, "/admin/letters/", "/admin/queues/"):
        text = text_of(viewer, page)
        assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son\w+=|javascript:", text) == []


@pytest.mark.django_db
@pytest.mark.parametrize("page", [PAGE, "/admin/letters/", "/admin/queues/"])
def test_aws_out_of_reach_is_told(cloud: Cloud, viewer: Client, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("TABLE_PREFIX", "no-such-table")
    for name in ("PHOTOS", "PHOTOS_BULK", "ANSWERS"):
        monkeypatch.setenv(f"{name}_QUEUE_URL", f"{cloud.endpoint}/000000000000/no-such-queue-{name.lower()}")
    forget()
    answer = viewer.get(page)
    assert answer.status_code == 503
    assert "Try again" in answer.content.decode()


def test_photos_are_bars_and_answers_a_line_over_the_same_scale() -> None:
    chart = charts.activity(hours({"photos": 10, "replied": 5}, {}, {"photos": 20, "replied": 20}))
    assert chart.scale == ("20", "10", "0")
    assert [(bar.y, bar.height) for bar in chart.bars] == [("50.0", "50.0"), ("100.0", "0.0"), ("0.0", "100.0")]
    assert chart.lines[0].path == "M0.0 75.0H333.3V100.0H666.7V0.0H1000.0"
    assert next(text for _, text in chart.spots) == "Mon 12:00: 10 photos, 5 answers"
    assert chart.sentence == "30 photos and 25 answers. Most photos, 20, came in the hour of Mon 14:00."
    assert chart.rows[0] == ("Mon 14:00", "20", "20")


def test_an_hour_without_answers_is_a_gap_in_the_line_of_their_latency() -> None:
    quick, slow = bucket("latency", 0.9), bucket("latency", 9)
    chart = charts.latency(hours({quick: 99, slow: 1}, {}, {slow: 7}))
    p50, _, p99 = (line.path for line in chart.lines)
    assert p50.count("M") == p99.count("M") == 2
    assert chart.rows == [("Mon 14:00", "10 s", "10 s", "10 s"), ("Mon 13:00", "–", "–", "–"), ("Mon 12:00", "0.91 s", "0.91 s", "0.91 s")]
    assert chart.scale == ("20 s", "10 s", "0 s")


def test_charts_of_nothing_are_charts_all_the_same() -> None:
    for chart in (charts.activity(hours({}, {})), charts.latency(hours({}, {}))):
        assert len(chart.rows) == 2
        assert "nan" not in repr(chart)
    assert charts.latency(hours({})).sentence == "No answers."


@pytest.mark.django_db
def test_each_chart_is_told_in_words_and_as_a_table(cloud: Cloud, viewer: Client) -> None:
    created()
    text = text_of(viewer)
    plots = re.findall(r'<svg class="plot".*?</svg>', text, re.DOTALL)
    assert len(plots) == 2
    for plot in plots:
        root = ET.fromstring(plot)  # our own page
        title, sentence = root.attrib["aria-labelledby"].split()
        assert f'<figcaption id="{title}">' in text
        assert root.attrib["role"] == "img"
        described = root.find("desc")
        assert described is not None
        assert (described.attrib["id"], bool(described.text)) == (sentence, True)
    assert text.count("<summary>As a table</summary>") == 2
