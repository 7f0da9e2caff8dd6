"""/healthz and /readyz."""

from __future__ import annotations

import json
import threading

import pytest
from django.http import HttpResponse
from django.test import AsyncClient

from botgateway import health
from tests import clouds
from tests.clouds import Cloud


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_last", (float("-inf"), {}))


async def ready() -> tuple[int, dict[str, bool]]:
    answer = await AsyncClient().get("/readyz")
    assert isinstance(answer, HttpResponse)
    return answer.status_code, json.loads(answer.content)


@pytest.mark.parametrize("host", ["testserver", "10.0.0.7:8000", "nobody-allowed.example.org"])
async def test_alive_whatever_the_host(host: str) -> None:
    assert (await AsyncClient().get("/healthz", headers={"Host": host})).status_code == 200


async def test_other_hosts_get_nothing_else() -> None:
    assert (await AsyncClient().get("/webhook", headers={"Host": "nobody-allowed.example.org"})).status_code == 400


async def test_ready_when_aws_answers(cloud: Cloud) -> None:
    assert await ready() == (200, {"s3": True, "dynamodb": True, "sqs": True})


@pytest.mark.parametrize(("variable", "service"), [("PHOTOS_BUCKET", "s3"), ("TABLE_PREFIX", "dynamodb"), ("PHOTOS_QUEUE_URL", "sqs")])
async def test_not_ready_names_what_is_missing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, variable: str, service: str) -> None:
    monkeypatch.setenv(variable, f"{cloud.endpoint}/000000000000/gone" if variable.endswith("URL") else "there-is-none")
    clouds.forget()
    status, state = await ready()
    assert status == 503
    assert [name for name, answers in state.items() if not answers] == [service]


async def test_aws_is_asked_seldom(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(health, "_CHECKS", {"s3": lambda: asked.append("s3")})
    for _ in range(5):
        assert await ready() == (200, {"s3": True})
    assert asked == ["s3"]


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:

    done = threading.Event()
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(health, "_CHECKS", {"s3": lambda: done.wait(0.5)})
    assert await ready() == (503, {"s3": False})
    done.set()
