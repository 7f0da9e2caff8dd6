"""Roll the workers: a new version of their launch template, and an instance refresh that is followed to its end."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from deploy import aws
from deploy.roll import machines
from deploy.roll.group import Group, Refresh
from deploy.roll.image import short
from deploy.roll.lock import Lock
from deploy.roll.machines import CommandFailed, Machine
from deploy.roll.outcome import NotServing, Refused, RolledBack, Stopped
from deploy.roll.pace import Pace, Say, TimedOut, until
from deploy.roll.template import Template, Version

# EC2 calls an instance healthy whose container dies at each start; whether the worker works, its image's own health check says.
HEALTHY = """\
look() { docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}no health check{{end}}' yolo5 2>&1; }
i=0
until [ "$(look)" = healthy ]; do
    if [ "$i" -ge SECONDS ]; then
        look
        docker logs --tail 20 yolo5 2>&1
        exit 1
    fi
    sleep 5
    i=$((i + 5))
done
docker inspect --format '{{.Config.Image}}' yolo5"""


@dataclass(frozen=True)
class Workers:
    """What a roll of the workers works on."""

    template: Template
    group: Group
    ssm: Any
    pace: Pace
    checked: set[str] = field(default_factory=set)  # instances that were found to work


@dataclass(frozen=True)
class Plan:
    """What there is to do. `version` is the default one now; `refresh` is one of this image that is already under way."""

    image: str
    version: Version
    refresh: Refresh | None
    done: bool

    def lines(self) -> list[str]:
        """The plan for people."""
        if self.done:
            return [f"every worker already runs {short(self.image)}, of version {self.version.number}"]
        if self.refresh:
            return [f"the instance refresh {self.refresh.id} to {short(self.image)} is under way ({self.refresh}): to be followed"]
        if self.version.image == self.image:
            return [f"version {self.version.number} already names {short(self.image)}: every worker to be replaced by an instance refresh"]
        return [
            f"the default version, {self.version.number}, names {short(self.version.image)}",
            f"a new version with {short(self.image)} to be made, and to become the default",
            "every worker to be replaced by an instance refresh",
        ]


def connect(name: str, pace: Pace) -> Workers:
    """The workers of this name on the account."""
    template = Template(aws.client("ec2"), f"{name}-worker")
    return Workers(template, Group(aws.client("autoscaling"), f"{name}-worker"), aws.client("ssm"), pace)


def look(workers: Workers, image: str) -> Plan:
    """What has to be done for every worker to run this image; changes nothing. Raises Refused."""
    workers.group.check()
    version = workers.template.read("$Default")
    ours = version.image == image
    refresh = workers.group.active()
    if refresh and not (ours and refresh.status in {"Pending", "InProgress"}):
        raise Refused(f"the instance refresh {refresh.id} of another change is under way ({refresh}): wait for its end, or cancel it")
    done = ours and not refresh and workers.group.in_service() == workers.group.in_service(version=version.number)
    return Plan(image, version, refresh, done)


def roll(workers: Workers, plan: Plan, lock: Lock, say: Say) -> None:
    """Do as planned. Raises RolledBack when the new image did not work and the old one is back, Stopped when even that failed."""
    if plan.done:
        return
    version = plan.version
    if version.image != plan.image:
        version = workers.template.add(plan.version, plan.image)
        workers.template.make_default(version.number)
        say(f"version {version.number} names {short(plan.image)}, and is the default")
    lock.check()
    refresh = plan.refresh or workers.group.start(CheckpointPercentages=[50, 100], CheckpointDelay=workers.pace.checkpoint)
    say(f"instance refresh {refresh.id} {'followed' if plan.refresh else 'started'}")
    try:
        _follow(workers, refresh, version, say, seconds=workers.pace.refresh)
    except NotServing as failed:
        say(f"not working: {failed}")
        lock.check()
        _back(workers, version, say)
        raise RolledBack(f"{short(plan.image)} did not work; every worker runs what it ran before. {failed}") from None


def _follow(workers: Workers, refresh: Refresh, version: Version, say: Say, *, seconds: float) -> None:
    """To its end, and each new worker too, as soon as it is there. Raises NotServing."""
    last = ""

    def look() -> Refresh | None:
        nonlocal last
        now = workers.group.read(refresh)
        if str(now) != last:
            last = str(now)
            say(f"instance refresh: {last}")
        for machine in workers.group.in_service(version=version.number):
            if machine.id not in workers.checked:
                _check(workers, machine, version, say)
        return None if now.active else now

    try:
        ended = until(look, seconds=seconds, poll=workers.pace.poll, what=f"the end of the instance refresh {refresh.id}")
    except TimedOut as late:
        raise NotServing(str(late)) from None
    if ended.status != "Successful":
        raise NotServing(f"the instance refresh {refresh.id} ended {ended}")


def _check(workers: Workers, machine: Machine, version: Version, say: Say) -> None:
    script = HEALTHY.replace("SECONDS", f"{workers.pace.boot:.0f}")
    try:
        printed = machines.run(workers.ssm, machine, script, seconds=workers.pace.boot + 30, pace=workers.pace)
    except CommandFailed as failed:
        if machine not in workers.group.in_service():
            return  # it went, as instances do; what comes in its place is looked at in its turn
        raise NotServing(f"{machine}: {failed}") from None
    if printed.split()[-1:] != [version.image]:
        raise NotServing(
            f"{machine} was launched from version {version.number}, and runs {printed.split()[-1:]} instead of {version.image}"
        )
    workers.checked.add(machine.id)
    say(f"{machine}: works with {short(version.image)}")


def _back(workers: Workers, version: Version, say: Say) -> None:
    if version.before is None:
        raise Stopped(f"version {version.number} knows none to go back to: roll an image that works")
    earlier = workers.template.again(version.before)
    workers.template.make_default(earlier.number)
    say(f"version {earlier.number}, like {version.before}, names {short(earlier.image)}, and is the default")
    _cancel(workers, say)
    refresh = workers.group.start()
    say(f"instance refresh {refresh.id} started, back to version {earlier.number}")
    try:
        _follow(workers, refresh, earlier, say, seconds=workers.pace.back)
    except NotServing as failed:
        raise Stopped(f"{short(earlier.image)} is the default again, but not every worker runs it: {failed}") from None


def _cancel(workers: Workers, say: Say) -> None:
    """End the refresh that is under way, if there is one: AWS runs one at a time."""
    active = workers.group.active()
    if active is None:
        return
    with suppress(ClientError):  # it ended by itself meanwhile; whether it did is asked next, in any case
        workers.group.cancel()

    def ended() -> Refresh | None:
        now = workers.group.read(active)
        return None if now.active else now

    try:
        refresh = until(ended, seconds=workers.pace.back, poll=workers.pace.poll, what="the end of the cancelled refresh")
    except TimedOut as late:
        raise Stopped(f"the earlier image is the default again, but {late}: roll its image out then") from None
    say(f"instance refresh: {refresh}")
