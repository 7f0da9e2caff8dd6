"""`python -m deploy doctor`: looks at what a first run needs and at what goes wrong later; changes nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from deploy import aws
from deploy.operations import certificate, secrets, status, ways
from deploy.operations.finding import Finding
from deploy.operations.settings import Refused, Settings
from deploy.operations.up import bucket_is_there, state_bucket
from deploy.roll import machines, targets
from deploy.roll.machines import CommandFailed
from deploy.roll.outcome import Outcome

TERRAFORM = (1, 11)
RENEW_DAYS = 30
# Running Standard instances, on demand and spot, counted in vCPUs: new accounts have few.
ON_DEMAND, SPOT = "L-1216C47A", "L-34B43A08"


Check = Callable[[Settings], Iterator[Finding]]


def findings(settings: Settings) -> Iterator[Finding]:
    """Every finding. What can't be looked at is a finding too, and no end of the others."""
    for check in CHECKS:
        try:
            yield from check(settings)
        except (Refused, Outcome, CommandFailed, *aws.ERRORS) as error:
            yield Finding(good=False, text=f"{check.__name__.strip('_')}: {error}")


def _programs(_settings: Settings) -> Iterator[Finding]:
    for program in ("terraform", "openssl"):
        yield Finding(
            bool(shutil.which(program)),
            f"{program} is on the PATH" if shutil.which(program) else f"{program} is not on the PATH: install it",
        )
    if shutil.which("terraform"):
        told = subprocess.run(["terraform", "version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"v(\d+)\.(\d+)", told)
        version = (int(found[1]), int(found[2])) if found else (0, 0)
        yield Finding(version >= TERRAFORM, f"terraform is {version[0]}.{version[1]}, and has to be {TERRAFORM[0]}.{TERRAFORM[1]} or newer")


def _account(settings: Settings) -> Iterator[Finding]:
    who = settings.client("sts").get_caller_identity()
    yield Finding(not who["Arn"].endswith(":root"), f"signed in as {who['Arn']}; not to be the account's root user")
    bucket = state_bucket(settings)
    yield Finding(bucket_is_there(settings, bucket), f"the bucket of Terraform's state, {bucket}, is there (`up` makes it)")


def _zones(settings: Settings) -> Iterator[Finding]:
    there = [zone["ZoneName"] for zone in settings.client("ec2").describe_availability_zones()["AvailabilityZones"]]
    for zone in settings.values["availability_zones"]:
        yield Finding(zone in there, f"the availability zone {zone} has to be one of {', '.join(there)}")


def _quota(settings: Settings) -> Iterator[Finding]:
    for code, wanted in vcpus(settings).items():
        found = settings.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]
        yield Finding(
            found["Value"] >= wanted, f"EC2's quota {found['QuotaName']} is {found['Value']:g} vCPUs; in a roll it takes {wanted}"
        )


def vcpus(settings: Settings) -> dict[str, int]:
    """How many each quota has to allow, at the most: two for each instance, as the default types have."""
    most = int(settings.value("worker_max"))
    sites, workers = 2 * len(settings.values["availability_zones"]), 2 * (most + (most + 1) // 2)  # a roll adds half as many for a while
    return {ON_DEMAND: sites, SPOT: workers} if settings.value("worker_spot") else {ON_DEMAND: sites + workers}


def _secrets(settings: Settings) -> Iterator[Finding]:
    store = settings.client("secretsmanager")
    own = not settings.values.get("certificate_arn")
    for short in secrets.NAMES if own else secrets.NAMES[:-1]:
        full = secrets.filled(store, settings.name, short)
        yield Finding(full, f"the secret {settings.name}/{short} {'has a value' if full else 'is empty: run `python -m deploy up`'}")


def _certificate(settings: Settings) -> Iterator[Finding]:
    acm = settings.client("acm")
    arn = settings.values.get("certificate_arn") or certificate.find(acm, settings.name)
    if not arn:
        yield Finding(good=False, text="there is no certificate: run `python -m deploy up`")
        return
    ends = acm.describe_certificate(CertificateArn=arn)["Certificate"]["NotAfter"]
    days = (ends - datetime.now(UTC)).days
    yield Finding(days >= RENEW_DAYS, f"the certificate lasts for {days} days; a self-signed one is renewed by `up --new-certificate`")


def _site(settings: Settings) -> Iterator[Finding]:
    found = machines.running(settings.client("ec2"), service=settings.name, side="site")
    zones = len(settings.values["availability_zones"])
    yield Finding(len(found) == zones, f"{len(found)} of {zones} site instances run")
    groups = targets.find(settings.client("elbv2"), [f"{settings.name}-public", f"{settings.name}-internal"])
    for machine in found:
        states = groups.states(machine)
        yield Finding(groups.serves(machine), f"{machine} is {' and '.join(states)} for the public and the internal load balancer")


def _agents(settings: Settings) -> Iterator[Finding]:
    found = settings.client("ssm").describe_instance_information(Filters=[{"Key": "tag:Service", "Values": [settings.name]}])
    online = [one["InstanceId"] for one in found["InstanceInformationList"] if one["PingStatus"] == "Online"]
    yield Finding(bool(online), f"SSM reaches {len(online)} instances; without it, nothing can be rolled out")


def _watch(settings: Settings) -> Iterator[Finding]:
    for line in status.alarms(settings):
        yield Finding(line == "alarms: none", line)
    if settings.values.get("alarm_email"):
        account = settings.client("sts").get_caller_identity()["Account"]
        topic = f"arn:aws:sns:{settings.region}:{account}:{settings.name}-alarms"
        subscribed = settings.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        waiting = [one["Endpoint"] for one in subscribed if one["SubscriptionArn"] == "PendingConfirmation"]
        yield Finding(
            bool(subscribed) and not waiting, f"alarms are sent to {len(subscribed)} addresses, {len(waiting)} of them unconfirmed"
        )


def _workflow(settings: Settings) -> Iterator[Finding]:
    role = settings.client("iam").get_role(RoleName=f"{settings.name}-workflow")["Role"]
    trusted = str(role["AssumeRolePolicyDocument"])
    wanted = f"repo:{settings.values['github_repository']}:ref:refs/heads/{settings.value('github_branch')}"
    yield Finding(wanted in trusted, f"the workflows' role trusts {wanted}; whether GitHub's token is taken, only a run shows")


CHECKS: tuple[Check, ...] = (
    _programs,
    _account,
    _zones,
    _quota,
    _secrets,
    _certificate,
    _site,
    _agents,
    ways.from_workers,
    ways.from_here,
    ways.from_telegram,
    _watch,
    _workflow,
)
