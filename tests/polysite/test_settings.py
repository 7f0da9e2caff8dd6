"""The settings, in the places they are for."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.settings import ENVIRONMENT


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    known = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, env=known | environment, capture_output=True, text=True, check=False)


def test_a_public_site_passes_djangos_own_checks() -> None:
    public = ENVIRONMENT | {"PUBLIC_URL": "https://bot.example.org"}
    done = manage("check", "--deploy", "--fail-level", "WARNING", **public)
    assert done.returncode == 0, done.stderr


def test_without_an_environment_it_says_what_is_missing() -> None:
    done = manage("check")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the environment is not complete:")
    assert "TELEGRAM_TOKEN is missing" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("path", ["/", "/webhook/", "/results/", "/bot", "/api", "/.env", "/static/nothing.css"])
def test_nothing_else_is_there(path: str) -> None:
    assert Client().get(path).status_code == 404


def test_nothing_is_served_from_beside_the_style(caplog: pytest.LogCaptureFixture) -> None:
    assert Client().get("/static/../../../../../../manage.py").status_code == 400
    assert "Traceback" not in caplog.text


@pytest.mark.django_db
def test_the_admin_asks_who_you_are_and_has_its_style() -> None:
    assert Client().get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
    login = Client().get("/admin/login/")
    assert login.status_code == 200
    style = Client().get("/static/admin/css/base.css")
    assert style.status_code == 200
    assert style["Content-Type"] == "text/css"
    assert b"--body-bg" in style.content
    again = Client().get("/static/admin/css/base.css", headers={"If-Modified-Since": style["Last-Modified"]})
    assert again.status_code == 304


def test_the_source_is_there_and_nothing_besides() -> None:
    answer = Client().get("/source")
    assert isinstance(answer, HttpResponse)
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        names = tar.getnames()
    assert "polybot-service/botgateway/source.py" in names
    assert "polybot-service/LICENSE" in names
    assert not [name for name in names if "/." in name or name.endswith((".sqlite3", ".env", ".onnx", ".pt"))]
