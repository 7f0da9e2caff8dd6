"""What doctor finds out by packets and by commands on instances."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from deploy.operations import settings, ways
from deploy.operations.settings import Settings
from tests.deploy.conftest import NEW_WORKER, OLD_SITE, OLD_WORKER, QUICK, Account


@pytest.fixture
def chosen(account: Account, tmp_path: Path) -> Settings:
    """The settings of a service whose load balancers are there."""
    values = {
        "name": account.name,
        "region": "us-east-1",
        "availability_zones": ["us-east-1a", "us-east-1b"],
        "site_image": OLD_SITE,
        "worker_image": OLD_WORKER,
        "github_repository": "me/polybot-service",
        "worker_min": 4,
    }
    path = tmp_path / "polybot.tfvars.json"
    path.write_text(json.dumps(values))
    subnets = [one["SubnetId"] for one in account.front.client("ec2").describe_subnets()["Subnets"][:2]]
    for side in ("public", "internal"):
        account.front.client("elbv2").create_load_balancer(Name=f"{account.name}-{side}", Subnets=subnets)
    return settings.read(path)


def host(account: Account, side: str) -> str:
    found = account.front.client("elbv2").describe_load_balancers(Names=[f"{account.name}-{side}"])["LoadBalancers"]
    return str(found[0]["DNSName"])


def stand_in(account: Account, program: str, script: str) -> None:
    """In the place of this program on every machine."""
    for machine in account.front.machines.values():
        (machine.programs / program).write_text(f"#!/bin/sh\n{script}\n")


def test_who_lets_us_wait_is_closed_and_who_answers_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        opened = ways.closed("127.0.0.1", port, patience=5)
        # Nobody takes what comes, so its queue is full, and the next one waits as before a security group.
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        shut = ways.closed("127.0.0.1", port, patience=0.3)
        for one in waiting:
            one.close()
    refused = ways.closed("127.0.0.1", port)
    assert (opened.good, "answers this machine" in opened.text) == (False, True)
    assert (shut.good, "does not answer this machine" in shut.text) == (True, True)
    assert (refused.good, "can't be told from here" in refused.text) == (False, True)


@pytest.mark.parametrize(
    ("path", "rest", "good"),
    [
        ("/webhook", "; 0 updates wait.", True),
        ("/webhook", "; 0 updates wait. Last error: Connection refused.", True),
        ("/webhook", "; 7 updates wait. Last error: Connection refused.", False),
        (".example.org/webhook", "; 0 updates wait.", False),
    ],
)
def test_telegram_has_to_deliver_to_us(site: Account, chosen: Settings, path: str, rest: str, good: bool) -> None:
    stand_in(
        site,
        "docker",
        f'[ "$*" = "{ways.SHOW.removeprefix("docker ")}" ] && echo "Telegram delivers to https://{host(site, "public")}{path}{rest}"',
    )
    (finding,) = ways.from_telegram(chosen, QUICK)
    assert finding.good is good
    assert rest in finding.text
    assert ("run `python -m deploy up`" in finding.text) is path.startswith(".")


def test_without_a_site_nobody_can_ask(account: Account, chosen: Settings) -> None:
    (finding,) = ways.from_telegram(chosen, QUICK)
    assert not finding.good


def test_workers_that_work_and_reach_the_site_are_good(workers: Account, chosen: Settings) -> None:
    stand_in(workers, "curl", f'[ "$5" = http://{host(workers, "internal")}/ ] && echo "{ways.NOTHING}"')
    count, *each = ways.from_workers(chosen, QUICK)
    assert str(count) == "ok    4 workers are in service, of 4 at least"
    assert [finding.good for finding in each] == [True] * 4


def test_a_worker_whose_container_dies_and_a_way_that_is_closed_are_not(workers: Account, chosen: Settings) -> None:
    stand_in(workers, "curl", 'echo "curl: (28) Connection timed out" >&2; exit 28')
    broken = next(iter(workers.front.machines.values()))
    (broken.folder / "container").write_text(f"{NEW_WORKER}-broken\n")
    count, *each = ways.from_workers(Settings(chosen.path, chosen.values | {"worker_min": 5}), QUICK)
    assert [finding.good for finding in (count, *each)] == [False] * 5
    said = " ".join(finding.text for finding in each)
    assert "a line of its log" in said
    assert said.count("curl: (28)") == 3


def test_something_else_that_answers_a_worker_is_named(workers: Account, chosen: Settings) -> None:
    stand_in(workers, "curl", "echo '<html>proxy</html>'")
    _, *each = ways.from_workers(chosen, QUICK)
    assert [finding.good for finding in each] == [False] * 4
    assert "got '<html>proxy</html>' from the internal load balancer" in each[0].text
