"""The whole service, started for a test or for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundles import write_cat_bundle
from tests.clouds import Cloud
from tests.service import Service, service


@pytest.fixture
def up(cloud: Cloud, tmp_path: Path) -> Iterator[Service]:
    """The stand-in is up; the test starts the site and workers that it needs. The model sees one cat in every photo."""
    with service(cloud, tmp_path, write_cat_bundle(tmp_path / "bundle")) as up:
        yield up
