"""The export's page: what it tells beforehand, what it sends, and what the log has of it."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import LogEntry
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory

from detection import config, photos, predictions
from detection.admin import export_page
from detection.clock import now
from detection.errors import Unavailable
from detection.predictions import Outcome
from tests.clouds import Cloud
from tests.detection.roles import person
from tests.detection.test_predictions import CAT, created

pytestmark = pytest.mark.django_db
PAGE = "/admin/export/"


def looked_at(message_id: int, *, days: int = 0) -> None:
    name = created(message_id, age=timedelta(days=days))
    predictions.finish(name, Outcome(model="m-1", size=(640, 480), detections=(CAT,)))
    photos.put(f"42/{name}/photo", b"\xff\xd8 a photo", content_type="image/jpeg")


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(person("owner"))
    return client


def posted(query: str = "", kind: str = "coco") -> StreamingHttpResponse:
    """The view's own answer: Django's test client would read it to its end."""
    request = RequestFactory().post(PAGE + query, {"format": kind})
    request.user = person("owner")
    answer = export_page.exported(request)
    assert isinstance(answer, StreamingHttpResponse)
    return answer


@async_to_sync
async def taken(answer: StreamingHttpResponse, pieces: int | None = None) -> list[bytes]:
    """What is sent, to the end or so many pieces of it."""
    got: list[bytes] = []
    async for piece in aiter(answer):
        got.append(piece)
        if len(got) == pieces:
            break
    return got


def logged() -> list[str]:
    return [entry.change_message for entry in LogEntry.objects.order_by("pk")]


def test_it_tells_what_would_be_exported(cloud: Cloud, owner: Client) -> None:
    for message_id, days in ((1, 0), (2, 1), (4, 20)):
        looked_at(message_id, days=days)
    created(3)
    text = owner.get(PAGE, {"chat": "42", "labels": "cat"}).content.decode()
    assert "Filters: chat 42, labels cat." in text
    assert "<p>3 photos that were looked at." in text
    assert 'data-photos="3"' in text
    assert 'action="/admin/export/?chat=42&amp;labels=cat"' in text
    assert not LogEntry.objects.exists()


def test_it_tells_how_far_back_it_has_counted(cloud: Cloud, owner: Client) -> None:
    """Without a chat, a page of the list looks back seven days."""
    looked_at(1)
    looked_at(2, days=20)
    text = owner.get(PAGE).content.decode()
    assert f"At least 1 photo that was looked at, and what is older than {now() - timedelta(days=7):%Y-%m-%d} 23:59 UTC" in text
    assert "data-photos" not in text


def test_a_filter_that_cannot_be_read_is_named(cloud: Cloud, owner: Client) -> None:
    answer = owner.get(PAGE, {"since": "tuesday"})
    assert answer.status_code == 400
    assert "since is &#x27;tuesday&#x27;" in answer.content.decode()


def test_the_zip_is_sent_and_one_entry_says_how_many_and_which(cloud: Cloud) -> None:
    for message_id in (1, 2, 3):
        looked_at(message_id)
    created(4)
    answer = posted("?labels=cat")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="predictions-coco-20')
    assert logged() == ["began the export as coco; photos: 0; filters: labels cat; left out: none"]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(taken(answer))))
    assert archive.testzip() is None
    assert len([name for name in archive.namelist() if name.startswith("images/")]) == 3
    assert logged() == ["exported as coco; photos: 3; filters: labels cat; left out: none"]


def test_one_that_is_broken_off_is_in_the_log(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(1)
    answer = posted()
    monkeypatch.setenv("PHOTOS_BUCKET", "no-such-bucket")
    config.forget()
    with pytest.raises(Unavailable):
        taken(answer)
    assert logged() == ["broke off the export as coco; photos: 0; filters: none; left out: none"]


def test_one_that_nobody_takes_to_its_end_is_too(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detection.export.CHUNK", 1)
    for message_id in (1, 2):
        looked_at(message_id)
    answer = posted()
    assert len(taken(answer, pieces=4)) == 4
    answer.close()  # as Django does where the client has hung up
    assert logged() == ["broke off the export as coco; photos: 1; filters: none; left out: none"]


def test_no_such_format(cloud: Cloud, owner: Client) -> None:
    assert owner.post(PAGE, {"format": "exe"}).status_code == 400
    assert logged() == []
