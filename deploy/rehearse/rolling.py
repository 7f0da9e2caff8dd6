"""Rolls of both sides: deploy.roll itself, as a process with the workflow's role, over the instances that Terraform made.

A flow is True where the roll ended as it should, and every instance runs what it should afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.rehearse.flows import Flow
from deploy.rehearse.processes import ended, started, wait_until
from deploy.rehearse.service import Service
from deploy.rehearse.world import BROKEN, FIRST, NEXT

DONE, ROLLED_BACK, INTERRUPTED = 0, 1, 130
SETTLE_SECONDS = 30


@dataclass(frozen=True)
class Ended:
    """How a roll ended: its exit status, and what it said."""

    status: int
    said: str


def rolls_the_site(service: Service) -> bool:
    return _rolls(service, "site")


def rolls_the_workers(service: Service) -> bool:
    return _rolls(service, "workers")


def takes_the_site_back(service: Service) -> bool:
    """The image does not get ready on the first instance."""
    return _takes_back(service, "site")


def takes_the_workers_back(service: Service) -> bool:
    """EC2 finds the new instances healthy; the image's own health check does not."""
    return _takes_back(service, "workers")


def does_nothing_the_second_time(service: Service) -> bool:
    for side in ("site", "workers"):
        before = machines(service, side)
        again = _rolled(service, side, image(service, side))
        if again.status != DONE or "already" not in again.said or machines(service, side) != before:
            return False
    return True


def takes_a_late_refresh_back(service: Service) -> bool:
    """The image works, and the refresh is not over in the time that it was given."""
    before = image(service, "workers")
    done = _rolled(service, "workers", _other(service, "workers"), "--timeout", "0.01")
    return "not within 0.01 s" in done.said and done.status == ROLLED_BACK and _all_run(service, "workers", before)


def goes_on_where_the_site_was_interrupted(service: Service) -> bool:
    """While the first instance drains."""
    return _goes_on(service, "site", "leaves the load balancers")


def goes_on_where_the_workers_were_interrupted(service: Service) -> bool:
    """While the refresh is under way."""
    return _goes_on(service, "workers", "instance refresh: InProgress")


def leaves_another_image(service: Service) -> bool:
    """As a person would find the account later: whatever was rolled before, all runs another image than Terraform's."""
    for side in ("site", "workers"):
        if _rolled(service, side, NEXT[side]).status != DONE or not _all_run(service, side, NEXT[side]):
            return False
    return True


ROLLS: tuple[Flow, ...] = (
    rolls_the_site,
    rolls_the_workers,
    does_nothing_the_second_time,
    takes_the_site_back,
    takes_the_workers_back,
    takes_a_late_refresh_back,
    goes_on_where_the_site_was_interrupted,
    goes_on_where_the_workers_were_interrupted,
)


def machines(service: Service, side: str) -> dict[str, str]:
    """Each running instance of this side, and the image that its container runs."""
    wanted = [
        {"Name": "tag:Service", "Values": [service.name]},
        {"Name": "tag:Side", "Values": [{"site": "site", "workers": "worker"}[side]]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    found = service.account.client("ec2").describe_instances(Filters=wanted)["Reservations"]
    return {instance["InstanceId"]: service.account.looked_into(instance["InstanceId"]) for one in found for instance in one["Instances"]}


def image(service: Service, side: str) -> str:
    """What instances of this side are told to run when they start."""
    if side == "site":
        return str(service.account.client("ssm").get_parameter(Name=f"/{service.name}/site/image")["Parameter"]["Value"])
    return service.worker_user_data().partition("\nIMAGE=")[2].partition("\n")[0]


def _rolls(service: Service, side: str) -> bool:
    # A roll that was refused something leaves its refresh, which goes on to its end: the next one would be refused for that.
    if not wait_until(lambda: _is_settled(service), seconds=SETTLE_SECONDS):
        return False
    wanted = _other(service, side)
    return _rolled(service, side, wanted).status == DONE and _all_run(service, side, wanted)


def _takes_back(service: Service, side: str) -> bool:
    before = image(service, side)
    done = _rolled(service, side, BROKEN[side])
    return done.status == ROLLED_BACK and _all_run(service, side, before)


def _goes_on(service: Service, side: str, line: str) -> bool:
    """A roll gets SIGTERM as soon as it has said this, as one whose workflow is cancelled; the same command goes on."""
    wanted = _other(service, side)
    log = service.log(f"roll-{side}")
    command = _command(service, side, wanted)
    with started(*command, environment=service.environment("workflow"), log=log, ready=lambda roll: line in roll.output()) as roll:
        pass
    if roll.process.returncode != INTERRUPTED:
        return False
    return _rolled(service, side, wanted).status == DONE and _all_run(service, side, wanted)


def _rolled(service: Service, side: str, wanted: str, *options: str) -> Ended:
    done = ended("-m", *_command(service, side, wanted), *options, environment=service.environment("workflow"))
    service.log(f"roll-{side}").write_text(done.stdout + done.stderr)
    return Ended(done.returncode, done.stdout)


def _command(service: Service, side: str, wanted: str) -> tuple[str, ...]:
    # --resume: a roll that may not unlock leaves its lock, which is not the next one's concern.
    return ("deploy.rehearse.hurried", side, "--image", wanted, "--name", service.name, "--resume")


def _other(service: Service, side: str) -> str:
    """Whichever of two working images isn't the one that is there, so that there is always something to roll out."""
    return FIRST[side] if image(service, side) == NEXT[side] else NEXT[side]


def _is_settled(service: Service) -> bool:
    found = service.account.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=f"{service.name}-worker")
    return all(refresh["Status"] not in {"Pending", "InProgress", "Cancelling"} for refresh in found["InstanceRefreshes"])


def _all_run(service: Service, side: str, wanted: str) -> bool:
    return set(machines(service, side).values()) == {wanted} == {image(service, side)}
