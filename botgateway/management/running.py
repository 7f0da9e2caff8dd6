"""How a command runs what is asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from django.core.management.base import CommandError

from botgateway import telegram

T = TypeVar("T")


def run(calling: Coroutine[Any, Any, T]) -> T:
    """Run this to its end and close what it opened. What Telegram says against it becomes a CommandError."""

    async def and_close() -> T:
        try:
            return await calling
        finally:
            await telegram.close()

    try:
        return asyncio.run(and_close())
    except (telegram.TryLater, telegram.TokenRefused, telegram.Rejected, telegram.Undeliverable) as refused:
        raise CommandError(f"Telegram refused: {refused}") from None
