"""Roll the site: one instance at a time leaves the load balancers, starts the new image, serves, and comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy import aws
from deploy.roll import machines, targets
from deploy.roll.image import short
from deploy.roll.lock import Lock
from deploy.roll.machines import CommandFailed, Machine
from deploy.roll.outcome import NotServing, Refused, RolledBack, Stopped
from deploy.roll.pace import Pace, Say, TimedOut
from deploy.roll.targets import Targets

WHAT_RUNS = "docker inspect --format '{{.Config.Image}}' polybot 2>/dev/null || true"

# polybot-start reads the image from its parameter, the secrets too, and starts the container anew. It lies where user data put it.
START = """\
set -eu
/usr/local/bin/polybot-start
if ! timeout SECONDS sh -c 'until curl -fsS -m 5 -o /dev/null http://127.0.0.1:8000/readyz; do sleep 2; done'; then
    echo 'not ready within SECONDS s; the end of its log:'
    docker logs --tail 20 polybot 2>&1
    exit 1
fi
docker inspect --format '{{.Config.Image}}' polybot"""


@dataclass(frozen=True)
class Site:
    """What a roll of the site works on."""

    ec2: Any
    ssm: Any
    targets: Targets
    name: str
    pace: Pace

    @property
    def parameter(self) -> str:
        """Where each instance reads, whenever it starts, which image to run."""
        return f"/{self.name}/site/image"


@dataclass(frozen=True)
class Plan:
    """What there is to do: `todo` in the order in which it is done, and the image to go back to (empty where none is known)."""

    image: str
    before: str
    todo: tuple[Machine, ...]
    done: tuple[Machine, ...]

    def lines(self) -> list[str]:
        """The plan for people."""
        rolled = [f"{machine}: already serves {short(self.image)}" for machine in self.done]
        return [*rolled, *(f"{machine}: to be rolled to {short(self.image)}" for machine in self.todo)]


def connect(name: str, pace: Pace) -> Site:
    """The site of this name on the account. Raises Refused where its target groups are missing."""
    groups = targets.find(aws.client("elbv2"), [f"{name}-public", f"{name}-internal"])
    return Site(aws.client("ec2"), aws.client("ssm"), groups, name, pace)


def look(site: Site, image: str) -> Plan:
    """What has to be done for every instance to serve this image; changes nothing. Raises Refused."""
    found = machines.running(site.ec2, service=site.name, side="site")
    if not found:
        raise Refused(f"no running instance has the tags Service={site.name} and Side=site: has `python -m deploy up` been run?")
    try:
        done = tuple(one for one in found if _runs(site, one) == image and site.targets.serves(one))
    except CommandFailed as failed:
        raise Refused(f"an instance can't be reached over SSM, so none is touched: {failed}") from None
    # Those that serve nobody come first: nothing is lost by them, and they are there when the next one leaves.
    todo = sorted((one for one in found if one not in done), key=site.targets.serves)
    return Plan(image, _before(site, image), tuple(todo), done)


def roll(site: Site, plan: Plan, lock: Lock, say: Say) -> None:
    """Do as planned. Raises RolledBack when the new image did not serve and all is as before, Stopped when even that failed."""
    _put_image(site, plan.image)
    touched: list[Machine] = []
    try:
        for machine in plan.todo:
            lock.check()
            touched.append(machine)
            _replace(site, machine, plan.image, say)
    except NotServing as failed:
        say(f"not serving: {failed}")
        _back(site, plan, touched, lock, say)
        raise RolledBack(f"{short(plan.image)} did not serve on {touched[-1]}; all run {short(plan.before)} again. {failed}") from None


def _back(site: Site, plan: Plan, touched: list[Machine], lock: Lock, say: Say) -> None:
    if not plan.before:
        raise Stopped(f"{touched[-1]} is out of service, and {site.parameter} knows no earlier image to go back to: roll one that serves")
    say(f"back to {short(plan.before)}")
    _put_image(site, plan.before)
    # The one that fails first, since it serves nobody; then those that took the new image before it.
    for machine in reversed([*plan.done, *touched]):
        lock.check()
        try:
            _replace(site, machine, plan.before, say)
        except NotServing as failed:
            raise Stopped(f"{machine} does not serve with {short(plan.before)} either, and is out of service: {failed}") from None


def _replace(site: Site, machine: Machine, image: str, say: Say) -> None:
    """Out, drained, started anew, serving, in. Every step may have been done before. Raises NotServing."""
    _keep_one(site, machine)
    say(f"{machine}: leaves the load balancers")
    if not site.targets.take_out(machine, site.pace):
        say(f"{machine}: still draining after {site.pace.drain:g} s; its last requests are cut off")
    say(f"{machine}: starts {short(image)}")
    try:
        printed = machines.run(
            site.ssm, machine, START.replace("SECONDS", f"{site.pace.serve:g}"), seconds=2 * site.pace.serve, pace=site.pace
        )
        if printed.split()[-1:] != [image]:
            raise NotServing(f"{machine} was started, and runs {printed.split()[-1:]} instead of {image}")
        say(f"{machine}: ready; comes back to the load balancers")
        site.targets.put_in(machine, site.pace)
    except (CommandFailed, TimedOut) as failed:
        raise NotServing(f"{machine}: {failed}") from None
    say(f"{machine}: serves {short(image)}")


def _keep_one(site: Site, machine: Machine) -> None:
    """The last instance that serves is not taken out, unless it is the only one that there is."""
    others = [one for one in machines.running(site.ec2, service=site.name, side="site") if one.id != machine.id]
    if others and site.targets.serves(machine) and not any(site.targets.serves(one) for one in others):
        raise Stopped(f"{machine} is the only instance that serves, so it is not taken out: look at {', '.join(map(str, others))}")


def _runs(site: Site, machine: Machine) -> str:
    return machines.run(site.ssm, machine, WHAT_RUNS, seconds=site.pace.reach, pace=site.pace).strip()


def _put_image(site: Site, image: str) -> None:
    site.ssm.put_parameter(Name=site.parameter, Value=image, Type="String", Overwrite=True)


def _before(site: Site, image: str) -> str:
    """The image that the parameter named last, other than this one: what an interrupted roll came from, too."""
    try:
        pages = site.ssm.get_paginator("get_parameter_history").paginate(Name=site.parameter)
        values = [str(version["Value"]) for page in pages for version in page["Parameters"]]
    except ClientError as error:
        if aws.code(error) == "ParameterNotFound":
            raise Refused(f"there is no parameter {site.parameter}: has `python -m deploy up` been run?") from None
        raise
    return next((value for value in reversed(values) if value != image and "@sha256:" in value), "")
