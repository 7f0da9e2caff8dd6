"""manage.py poll."""

from __future__ import annotations

import logging
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from asyncio import sleep
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botgateway import receive, telegram, updates
from botgateway.management.running import run
from detection.errors import Unavailable

log = logging.getLogger(__name__)

LONGEST_WAIT = 60


class Command(BaseCommand):
    help = """\
Ask Telegram for updates, instead of having them delivered: for a bot with a real token on a laptop, without a public
address. The site has to run beside it, with the same environment: workers announce their results there.

  TELEGRAM_TOKEN=... manage.py poll             until Ctrl-C
  TELEGRAM_TOKEN=... manage.py poll --take-over when a webhook is set: it is deleted first (`set_webhook` brings it back)

An update is forgotten when it has been dealt with, so one that could not be comes again, here or at the next start."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--take-over", action="store_true", help="delete the webhook, if one is set")

    def handle(self, **options: Any) -> None:
        with suppress(KeyboardInterrupt):
            run(poll(take_over=options["take_over"]))


async def poll(*, take_over: bool) -> None:
    """Ask for ever. Raises TokenRefused, and CommandError where updates go to a webhook."""
    if take_over:
        await telegram.delete_webhook()
    elif url := (await telegram.get_webhook_info()).url:
        raise CommandError(f"Telegram delivers this bot's updates to {url}. To poll, delete that webhook: --take-over")
    log.info("polling Telegram")
    following: int | None = None
    while True:
        following = await once(following)


async def once(following: int | None) -> int | None:
    """Ask for the updates from this one on, deal with each; the number to ask for next."""
    for update in await _patiently_asked(following):
        await _dealt_with(update)
        following = update["update_id"] + 1
    return following


async def _patiently_asked(following: int | None) -> list[dict[str, Any]]:
    try:
        return await telegram.get_updates(following)
    except telegram.TryLater as failed:
        log.warning("polling deferred: %s", failed)
        await sleep(min(failed.retry_after, LONGEST_WAIT))
        return []


async def _dealt_with(update: dict[str, Any]) -> None:
    """Return when it is: it would be lost otherwise, and the ones behind it would overtake."""
    wait = 1
    while True:
        try:
            return await receive.handle(updates.parse(update))
        except (Unavailable, telegram.TryLater) as failed:
            wait = min(getattr(failed, "retry_after", wait * 2), LONGEST_WAIT)
            log.warning("update %s deferred for %d s: %s", update["update_id"], wait, failed)
        await sleep(wait)
