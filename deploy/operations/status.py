"""`python -m deploy status`: what runs, what waits, and what needs a look, at a glance."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.operations.settings import Settings
from deploy.roll import lock, machines, targets
from deploy.roll.group import Group
from deploy.roll.image import short
from deploy.roll.template import Template

QUEUES = ("answers", "photos", "photos-bulk")


def lines(settings: Settings) -> Iterator[str]:
    """The service as it is now, one line a thing. Changes nothing. Raises roll's Refused where something is missing, and what AWS says."""
    yield f"{settings.name} in {settings.region}"
    yield from _site(settings)
    yield from _workers(settings)
    yield from _queues(settings)
    yield from alarms(settings)
    for side in ("site", "workers"):
        if rolled := lock.holder(settings.client("ssm"), name=settings.name, side=side):
            yield f"roll of the {side}: {rolled}"


def _site(settings: Settings) -> Iterator[str]:
    image = settings.client("ssm").get_parameter(Name=f"/{settings.name}/site/image")["Parameter"]["Value"]
    yield f"site: to run {short(image)}"
    groups = targets.find(settings.client("elbv2"), [f"{settings.name}-public", f"{settings.name}-internal"])
    for machine in machines.running(settings.client("ec2"), service=settings.name, side="site"):
        public, internal = groups.states(machine)
        yield f"  {machine} ({machine.id}): public {public}, internal {internal}"


def _workers(settings: Settings) -> Iterator[str]:
    version = Template(settings.client("ec2"), f"{settings.name}-worker").read("$Default")
    group = Group(settings.client("autoscaling"), f"{settings.name}-worker")
    there, new = group.in_service(), group.in_service(version=version.number)
    yield f"workers: {len(there)} in service, {len(new)} of them of version {version.number}, {short(version.image)}"
    if refresh := group.active():
        yield f"  instance refresh: {refresh}"


def _queues(settings: Settings) -> Iterator[str]:
    sqs = settings.client("sqs")
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    for queue in QUEUES:
        counts = []
        for name in (queue, f"{queue}-dead"):
            url = sqs.get_queue_url(QueueName=f"{settings.name}-{name}")["QueueUrl"]
            counts.append(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"])
        waiting, flying, delayed = (counts[0][name] for name in wanted)
        yield f"queue {queue}: {waiting} waiting, {flying} in flight, {delayed} delayed, {counts[1][wanted[0]]} dead"


def alarms(settings: Settings) -> Iterator[str]:
    pages = settings.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{settings.name}-", StateValue="ALARM")
    found = [alarm for page in pages for alarm in page["MetricAlarms"]]
    yield f"alarms: {len(found) or 'none'}"
    for alarm in found:
        yield f"  {alarm['AlarmName']}: {alarm.get('AlarmDescription', '')}"
