"""Fixtures: Telegram's stand-in, and the site's side of the conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from pytest_django.fixtures import Settings

from botgateway import telegram as bot_api
from tests.botgateway.standin import TOKEN, StandIn, running


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    with running() as found:
        yield found


@pytest.fixture
def telegram(standin: StandIn, settings: Settings) -> StandIn:
    """The stand-in, empty, and the site talking to it."""
    standin.reset()
    settings.TELEGRAM_API_URL = standin.url
    settings.TELEGRAM_TOKEN = TOKEN
    return standin


@pytest_asyncio.fixture(autouse=True)
async def _connections() -> AsyncIterator[None]:
    """Close the connections of the test's event loop, before the loop ends."""
    yield
    await bot_api.close()
