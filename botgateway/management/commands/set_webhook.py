"""manage.py set_webhook."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from asyncio import sleep
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from botgateway import telegram
from botgateway.management.running import run

LONGEST_WAIT = 10


class Command(BaseCommand):
    help = """\
Tell Telegram where to deliver updates: at PUBLIC_URL/webhook, with the first of WEBHOOK_SECRETS.

Run it once after the first deployment, and whenever PUBLIC_URL or the secret changes; not at every start (Telegram
takes one call a second). Telegram delivers to https on port 443, 80, 88 or 8443 only.

  manage.py set_webhook                              a site with a certificate that browsers trust
  manage.py set_webhook --certificate fullchain.pem  a self-signed one: Telegram gets the file, and trusts it;
                                                     its name has to be PUBLIC_URL's host name or address
  manage.py set_webhook --show                       change nothing, print what Telegram knows
  manage.py set_webhook --delete                     deliver nothing any more, so that `manage.py poll` can ask

To change the secret without losing an update: put the new one in front (WEBHOOK_SECRETS=new,old), restart the site, run
this, and drop the old one when nothing waits any more."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--certificate", type=Path, metavar="PEM", help="a self-signed certificate to be uploaded")
        parser.add_argument(
            "--max-connections", type=int, default=40, choices=range(1, 101), metavar="1-100", help="updates at the same time (40)"
        )
        doing = parser.add_mutually_exclusive_group()
        doing.add_argument("--show", action="store_true", help="change nothing, print what Telegram knows")
        doing.add_argument("--delete", action="store_true", help="have nothing delivered")

    def handle(self, **options: Any) -> None:
        if options["delete"]:
            run(telegram.delete_webhook())
        elif not options["show"]:
            run(_set(certificate=_read(options["certificate"]), max_connections=options["max_connections"]))
        self.stdout.write(_described(run(telegram.get_webhook_info())))


async def _set(*, certificate: bytes | None, max_connections: int, tries: int = 3) -> None:
    """Telegram takes one setWebhook a second: another deployment's may have come just before."""
    try:
        await telegram.set_webhook(
            f"{settings.PUBLIC_URL}/webhook",
            secret=settings.WEBHOOK_SECRETS[0],
            certificate=certificate,
            max_connections=max_connections,
        )
    except telegram.TryLater as busy:
        if tries == 1 or busy.retry_after > LONGEST_WAIT:
            raise
        await sleep(busy.retry_after)
        await _set(certificate=certificate, max_connections=max_connections, tries=tries - 1)


def _read(certificate: Path | None) -> bytes | None:
    if certificate is None:
        return None
    try:
        content = certificate.read_bytes()
    except OSError as error:
        raise CommandError(f"--certificate {certificate}: {error.strerror}") from None
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise CommandError(f"--certificate {certificate}: is not a certificate in PEM form")
    if b"PRIVATE KEY" in content:
        raise CommandError(f"--certificate {certificate}: holds a private key too; give the certificate alone")
    return content


def _described(info: telegram.WebhookInfo) -> str:
    if not info.url:
        return f"No webhook is set; {info.pending_updates} updates wait."
    trouble = f" Last error: {info.last_error}." if info.last_error else ""
    return f"Telegram delivers to {info.url}; {info.pending_updates} updates wait.{trouble}"
