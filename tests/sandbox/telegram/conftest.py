"""A stand-in that runs, and a bot that is only a webhook."""

from collections.abc import AsyncIterator, Iterator

import pytest
from telegram import Bot

from sandbox.telegram.settings import DEFAULT_TOKEN
from tests.sandbox.telegram.rig import StandIn, Webhook, running, serving


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("telegram"), "--retry-base", "0.1", "--webhook-timeout", "3") as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(_shared: StandIn) -> Iterator[StandIn]:
    """One that runs already, emptied; its webhook retries are twenty times as fast."""
    _shared.control("POST", "/reset", webhook=True)
    yield _shared
    _shared.control("POST", "/reset", webhook=True)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A server of a bot."""
    with serving() as hook:
        yield hook


@pytest.fixture
async def bot(stand_in: StandIn) -> AsyncIterator[Bot]:
    """python-telegram-bot, which knows nothing of stand-ins."""
    async with Bot(DEFAULT_TOKEN, base_url=f"{stand_in.url}/bot", base_file_url=f"{stand_in.url}/file/bot") as client:
        yield client
