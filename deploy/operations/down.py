"""`python -m deploy down`: take all of it down, after asking."""

from __future__ import annotations

from collections.abc import Callable

from deploy.operations import certificate, terraform
from deploy.operations.settings import Refused, Settings
from deploy.operations.up import Say, bucket_is_there, self_signed, state_bucket

LOST = """\
This destroys the service {name} in {region} of account {account}, with everything that it knows:
photos, predictions, chats, queues with what waits in them, operators' accounts, secrets. There is no way back.
What stays: the bucket {bucket} with Terraform's state, and database snapshots that were made by hand."""


def down(settings: Settings, say: Say, *, ask: Callable[[str], str]) -> None:
    """Destroy it once the service's name was typed. Raises Refused where another word was, and terraform.Failed."""
    bucket = state_bucket(settings)
    if not bucket_is_there(settings, bucket):
        raise Refused(f"there is no bucket {bucket} with Terraform's state: nothing here was made by `python -m deploy up`")
    say(LOST.format(name=settings.name, region=settings.region, account=bucket.rpartition("-")[2], bucket=bucket))
    if ask(f"Type {settings.name} to destroy it: ") != settings.name:
        raise Refused("nothing was destroyed")
    acm = settings.client("acm")
    arn = certificate.find(acm, settings.name) if self_signed(settings) else ""
    terraform.initialise(settings, bucket)
    # Protection is itself a setting of what exists, so it is lifted before anything can be deleted.
    terraform.apply(settings, yes=True, certificate=arn, protected="false")
    terraform.destroy(settings, certificate=arn)
    if arn:
        acm.delete_certificate(CertificateArn=arn)
    say(f"{settings.name} is gone. Telegram goes on calling its webhook until the bot has another one, or @BotFather revokes the token")
