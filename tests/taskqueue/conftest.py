"""A sample project for a test, on ministack or on the emulator that an indirect parameter names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.taskqueue.project import Project
from tests.taskqueue.proxy import Proxy


@pytest.fixture
def endpoint(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(getattr(request, "param", "ministack")))


@pytest.fixture
def project(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """One queue, `work`."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    return Project(tmp_path, endpoint, ("work",))


@pytest.fixture
def three_queues(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Three queues, to be read in this order."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    return Project(tmp_path, endpoint, ("first", "second", "third"))


@pytest.fixture
def proxy(endpoint: str) -> Iterator[Proxy]:
    """Before the emulator of this test."""
    proxy = Proxy(endpoint)
    yield proxy
    proxy.close()
