"""Fixtures: a cloud for each test, with names of its own on an emulator that the whole test process shares."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from detection import aws, config, hours, table
from detection.celery import app
from detection.clock import now
from detection.provision import provision
from taskqueue import clients
from taskqueue.config import celery_settings
from taskqueue.pauses import Pauses
from taskqueue.registry import Registry
from tests import emulators, settings


@dataclass(frozen=True)
class Cloud:
    """The emulator's URL, and the environment that a process needs to use what this test has on it."""

    endpoint: str
    environment: dict[str, str]

    @property
    def bucket(self) -> str:
        return self.environment["PHOTOS_BUCKET"]

    @property
    def queue_urls(self) -> dict[str, str]:
        return config.shared().queue_urls


def environment_for(endpoint: str) -> dict[str, str]:
    """The variables of a site and of a worker: a bucket and queues that no other test has, and this process's tables.

    The tables are emptied after each test instead of being made anew: PynamoDB makes a new client for each new name of a
    table, which takes longer than most tests do.
    """
    name = f"t{uuid.uuid4().hex[:10]}"
    queue = f"{endpoint}/000000000000/{name}"
    return settings.ENVIRONMENT | {
        "AWS_ENDPOINT_URL": endpoint,
        "PHOTOS_BUCKET": f"{name}-photos",
        "TABLE_PREFIX": f"tables-{urlsplit(endpoint).port}",
        "PHOTOS_QUEUE_URL": f"{queue}-photos",
        "PHOTOS_BULK_QUEUE_URL": f"{queue}-photos-bulk",
        "ANSWERS_QUEUE_URL": f"{queue}-answers",
    }


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    with emulators.ministack() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    # moto gives queues the account 123456789012, where nothing else is said
    with emulators.moto() as endpoint:
        yield endpoint


@pytest.fixture
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """Bucket, queues and tables of this test alone, on ministack or on the emulator that an indirect parameter names."""
    with opened(request.getfixturevalue(getattr(request, "param", "ministack"))) as cloud:
        yield cloud


@contextmanager
def opened(endpoint: str) -> Iterator[Cloud]:
    """A cloud on this emulator, for as long as a fixture of any scope needs one; the environment names it meanwhile."""
    environment = environment_for(endpoint)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        if _endpoint and _endpoint[0] != endpoint:
            aws.forget()
        _endpoint[:] = [endpoint]
        forget()
        provision()
        _empty_tables()
        yield Cloud(endpoint, environment)
    forget()


_endpoint: list[str] = []  # the one that this process's clients were made for


def forget() -> None:
    """Follow the environment as it is now."""
    config.forget()
    hours.forget()
    send_through(config.shared().queue_urls)


def _empty_tables() -> None:
    for model in table.all_tables():
        with model.batch_write() as batch:
            for item in model.scan():
                batch.delete(item)
    registry = Registry(clients.make("dynamodb"), config.shared().workers_table)
    for left in registry.workers(now()):  # by a test that killed its worker
        registry.remove(left.worker)
    pauses = Pauses(clients.make("dynamodb"), config.shared().workers_table)
    for queue in pauses.all():
        pauses.resume(queue)


def send_through(queue_urls: Mapping[str, str]) -> None:
    """Have this process's Celery app send to these queues from now on."""
    app.conf.update(celery_settings(queue_urls))
    # Celery keeps a pool of connections for the settings that it saw first, and offers no way to drop it.
    app._pool = None  # type: ignore[attr-defined]
    app.amqp._producer_pool = None  # type: ignore[attr-defined]
