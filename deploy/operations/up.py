"""`python -m deploy up`: from an empty account to a bot that answers. Each step may have been done before."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from deploy.operations import certificate, secrets, terraform, webhook
from deploy.operations.settings import Refused, Settings
from deploy.roll.pace import Pace

Say = Callable[[str], None]
PACE = Pace(reach=600)  # an instance's first start takes minutes


def up(
    settings: Settings, say: Say, *, yes: bool = False, new_certificate: bool = False, replace: Sequence[str] = (), pace: Pace = PACE
) -> None:
    """Make all of it, or bring it up to date. `replace`: Terraform's addresses. Raises Refused, terraform.Failed, and what AWS says."""
    bucket = state_bucket(settings)
    if not bucket_is_there(settings, bucket):
        say(f"the bucket of Terraform's state, {bucket}, is made")
        terraform.make_state_bucket(settings, bucket, yes=yes)
    terraform.initialise(settings, bucket)
    own = self_signed(settings)
    arn = certificate.find(settings.client("acm"), settings.name) if own else ""
    terraform.apply(settings, yes=yes, certificate=arn, replace=replace)
    made = terraform.outputs()
    store = settings.client("secretsmanager")
    secrets.fill(store, settings.name, token=_token, say=say)
    if own and (new_certificate or not arn):
        arn = _new_certificate(settings, store, made["public_host"], say)
        terraform.apply(settings, yes=yes, certificate=arn)
    say("Telegram is told; at the first start this waits for the site, up to ten minutes")
    pem = secrets.get(store, settings.name, "certificate") if own else None
    say(webhook.tell(settings, certificate=certificate.certificate_of(pem) if pem else "", ssm=settings.client("ssm"), pace=pace))
    say(f"up: {made['webhook_url']}, dashboard {made['dashboard_url']}")
    say(f"for the workflows, on GitHub: the variables AWS_DEPLOY_ROLE={made['workflow_role']} and AWS_REGION={settings.region}")


def state_bucket(settings: Settings) -> str:
    """Its name, which nobody else has: the account's number is in it."""
    return f"{settings.name}-terraform-{settings.client('sts').get_caller_identity()['Account']}"


def bucket_is_there(settings: Settings, bucket: str) -> bool:
    """Whether it is. Raises Refused where somebody else has it."""
    try:
        settings.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        raise Refused(f"the bucket {bucket} answers {status}: these credentials may not use it, or it is another account's") from None
    return True


def self_signed(settings: Settings) -> bool:
    """Whether the certificate is ours to make. Raises Refused for a domain without its certificate."""
    if settings.values.get("certificate_arn"):
        return False
    if settings.values.get("domain"):
        raise Refused(f"{settings.path} names a domain, and no certificate_arn: have ACM issue a certificate for it, and name that")
    return True


def _new_certificate(settings: Settings, store: Any, host: str, say: Say) -> str:
    pem = certificate.make(host)
    secrets.put(store, settings.name, "certificate", pem)
    arn = certificate.import_into(settings.client("acm"), settings.name, pem)
    say(f"certificate for {host} made, for {certificate.DAYS} days: {arn}")
    return arn


def _token() -> str:
    return os.environ.get("TELEGRAM_TOKEN") or getpass.getpass("The bot's token, from @BotFather (it is not shown): ")
