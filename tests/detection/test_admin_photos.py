"""Photos in the admin: seen by whoever may, written down, and from S3 by links that end."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client

from detection import aws, config, photos, predictions
from detection.admin.prediction_page import stages
from detection.find import NotFindable, meant
from detection.prediction import Box, Detection
from detection.predictions import Outcome
from detection.reruns import run_again
from tests.clouds import Cloud
from tests.detection.test_predictions import created, new

pytestmark = pytest.mark.django_db
LIST = "/admin/predictions/"
CAT = Detection("cat", 0.599999, Box(0.1, 0.2, 0.5, 0.75))
DOT = Detection("dog", 0.9, Box(0.3, 0.3, 0.4, 0.4))


def member(client: Client, role: str) -> Client:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return client


def finished(*detections: Detection) -> str:
    name = created()
    photos.put(photos.photo_key(42, name), b"a photo", content_type="application/octet-stream")
    predictions.start(name, worker="w1")
    predictions.finish(name, Outcome(model="m-1", detections=detections))
    return name


def links(text: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in re.findall(r'<img src="([^"]+)"', text)]


@pytest.mark.parametrize("page", [LIST, f"{LIST}42-7/"])
def test_an_operator_sees_the_photo_and_that_is_written_down(cloud: Cloud, client: Client, page: str) -> None:
    finished(CAT)
    answer = member(client, "operator").get(page)
    (link,) = links(answer.content.decode())
    assert httpx.get(link, trust_env=False).content == b"a photo"
    assert f"img-src 'self' data: {cloud.endpoint}" in answer["Content-Security-Policy"]
    (entry,) = LogEntry.objects.all()
    assert (entry.user.username, entry.object_repr, entry.change_message) == ("operator", "42-7", "viewed the photos of 42-7")


@pytest.mark.parametrize("page", [LIST, f"{LIST}42-7/", f"{LIST}?view=table"])
def test_a_viewer_sees_boxes_and_no_photo(cloud: Cloud, client: Client, page: str) -> None:
    finished(CAT)
    answer = member(client, "viewer").get(page)
    text = answer.content.decode()
    assert "cat" in text
    assert links(text) == []
    assert "X-Amz-Signature" not in text
    assert cloud.endpoint not in answer["Content-Security-Policy"]
    assert not LogEntry.objects.exists()


def test_boxes_are_in_percent_and_the_smaller_above_the_larger(cloud: Cloud, client: Client) -> None:
    finished(DOT, CAT)
    text = member(client, "viewer").get(LIST).content.decode()
    assert re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', text) == [
        ("10.0", "20.0", "40.0", "55.0"),
        ("30.0", "30.0", "10.0", "10.0"),
    ]
    assert "<title>cat 59 %</title>" in text  # never rounded up to what it is not


def test_a_link_ends_when_it_should_and_is_of_one_photo(cloud: Cloud) -> None:
    name = finished()
    link = photos.link(photos.photo_key(42, name))
    assert f"X-Amz-Expires={photos.LINK_SECONDS}" in link
    assert httpx.get(link.replace(name, "42-8"), trust_env=False).status_code == 403
    assert link.startswith(photos.origin() + "/")


def test_on_aws_a_link_leads_to_the_bucket_in_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("PHOTOS_BUCKET", "polybot-photos")
    aws.forget()
    config.forget()
    try:
        assert photos.origin() == "https://polybot-photos.s3.eu-north-1.amazonaws.com"
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in photos.link("42/42-7/photo")
    finally:
        monkeypatch.undo()
        aws.forget()
        config.forget()


def test_neighbours_are_those_of_the_list_that_it_was_opened_from(cloud: Cloud, client: Client) -> None:
    for message, chat, minutes in ((1, 42, 3), (2, 43, 2), (3, 42, 1), (4, 42, 0)):
        created(message, chat_id=chat, age=timedelta(minutes=minutes))
    viewer = member(client, "viewer")

    def beside(query: str) -> list[str]:
        return re.findall(r'rel="(?:prev|next)" href="/admin/predictions/([-\d]+)/', viewer.get(f"{LIST}42-3/{query}").content.decode())

    assert beside("") == ["42-4", "43-2"]
    assert beside("?chat=42") == ["42-4", "42-1"]
    assert beside("?chat=41") == []
    assert beside("?since=tuesday") == ["42-4", "43-2"]


def test_other_runs_and_the_chats_other_predictions(cloud: Cloud, client: Client) -> None:
    first = predictions.get(finished())
    assert first
    run_again(first)
    created(8)
    text = member(client, "viewer").get(f"{LIST}42-7/").content.decode()
    runs, others = text.split("<h2>Of the same chat")
    assert "42-7-1" in runs.split("<h2>Other runs")[1]
    assert "42-8" in others
    assert "42-7-1" not in others


def test_stages_take_up_the_bar_from_end_to_end() -> None:
    begin = new().received_at
    second, fourth = begin + timedelta(seconds=1), begin + timedelta(seconds=4)
    one = replace(new(), received_at=begin, stored_at=second, created_at=second, queued_at=fourth)
    assert [(stage.name, stage.took, stage.x, stage.width) for stage in stages(one)] == [
        ("received", 0, 0, 0),
        ("stored", 1, 0, 25),
        ("created", 0, 25, 0),
        ("queued", 3, 25, 75),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("42-7", "42-7"),
        (" -100123-7-2 ", "-100123-7-2"),
        ("-42", -42),
        ("https://t.me/c/123/7", "-100123-7"),
        ("t.me/c/123/55/7?single", "-100123-7"),
    ],
)
def test_what_names_one(text: str, found: str | int) -> None:
    assert meant(text) == found


@pytest.mark.parametrize("text", ["", "cat", "https://t.me/polybot/7", "42-7-1-1", "https://example.org/c/123/7"])
def test_what_names_nothing(text: str) -> None:
    with pytest.raises(NotFindable):
        meant(text)


@pytest.mark.parametrize(("text", "where"), [("42-7", f"{LIST}42-7/"), ("42", f"{LIST}?chat=42"), ("42-9", LIST), ("?", LIST)])
def test_finding_leads_there_or_back_with_a_word(cloud: Cloud, client: Client, text: str, where: str) -> None:
    created()
    answer = member(client, "viewer").get("/admin/find/", {"q": text}, follow=True)
    assert answer.redirect_chain == [(where, 302)]
    assert (b'class="error"' in answer.content) is (where == LIST)
