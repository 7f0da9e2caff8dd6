"""What doctor finds out about the ways between the parts, which packets alone can tell: from here, from Telegram, from workers."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from deploy.operations.finding import Finding
from deploy.operations.settings import Settings
from deploy.roll import machines
from deploy.roll.group import Group
from deploy.roll.machines import CommandFailed
from deploy.roll.pace import Pace
from deploy.roll.workers import HEALTHY

PACE = Pace(poll=1, reach=30)
PATIENCE_SECONDS = 5.0
SHOW = "docker exec polybot python manage.py set_webhook --show"
# Not POST /results: what is not signed is an alarm. A path that no rule names shows the way as well.
ASK = "curl --silent --show-error --max-time 10 http://{host}/"
NOTHING = "Nothing is here."  # what both load balancers answer to what no rule names


def from_here(settings: Settings) -> Iterator[Finding]:
    """Nobody but Telegram reaches the public load balancer: this machine neither."""
    yield closed(_balancer(settings, "public"), 443)


def closed(host: str, port: int, *, patience: float = PATIENCE_SECONDS) -> Finding:
    """Whether the host leaves us waiting, as a security group does with whom it does not know."""
    try:
        socket.create_connection((host, port), timeout=patience).close()
    except TimeoutError:
        return Finding(good=True, text=f"{host} does not answer this machine, only Telegram's addresses reach it")
    except OSError as error:
        return Finding(good=False, text=f"whether {host} is closed to others can't be told from here: {error}")
    return Finding(
        good=False, text=f"{host} answers this machine: its security group is open to more than telegram_cidrs; look at what changed it"
    )


def from_telegram(settings: Settings, pace: Pace = PACE) -> Iterator[Finding]:
    """Telegram delivers to us, as a site of ours hears from it; changes nothing."""
    found = machines.running(settings.client("ec2"), service=settings.name, side="site")
    if not found:
        yield Finding(good=False, text="no site runs that could ask Telegram where it delivers")
        return
    said = machines.run(settings.client("ssm"), found[0], SHOW, seconds=60, pace=pace).strip()
    host = settings.values.get("domain") or _balancer(settings, "public")
    stuck = "Last error" in said and "; 0 updates wait." not in said  # Telegram remembers its last error after it is over
    ours = f"https://{host}/webhook".lower() in said.lower()
    yield Finding(ours and not stuck, said if ours else f"{said} It has to be {host}: run `python -m deploy up`")


def from_workers(settings: Settings, pace: Pace = PACE) -> Iterator[Finding]:
    """As many workers as there have to be, each with a container that works, and the way of their results."""
    there = Group(settings.client("autoscaling"), f"{settings.name}-worker").in_service()
    yield Finding(
        len(there) >= settings.value("worker_min"), f"{len(there)} workers are in service, of {settings.value('worker_min')} at least"
    )
    host = _balancer(settings, "internal")
    for worker in there:
        try:
            machines.run(settings.client("ssm"), worker, HEALTHY.replace("SECONDS", "0"), seconds=60, pace=pace)
            answer = machines.run(settings.client("ssm"), worker, ASK.format(host=host), seconds=30, pace=pace).strip()
        except CommandFailed as failed:
            yield Finding(good=False, text=f"{worker}: {failed}")
        else:
            good = answer == NOTHING
            reached = "reaches" if good else f"got {answer[:80]!r} from"
            yield Finding(good, f"{worker}: its container is healthy, and it {reached} the internal load balancer")


def _balancer(settings: Settings, side: str) -> str:
    found = settings.client("elbv2").describe_load_balancers(Names=[f"{settings.name}-{side}"])["LoadBalancers"]
    return str(found[0]["DNSName"])
