"""`python -m deploy.rehearse`: apply deploy/terraform to an emulator of AWS, use it under the roles that it made, and take it down."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.rehearse import forbidden, operating, permissions, rolling, service, terraform
from deploy.rehearse.account import Account
from deploy.rehearse.flows import SITE, WORKER, tells_depths
from deploy.rehearse.instance import lets_its_instance_go
from deploy.rehearse.permissions import Verdict
from deploy.rehearse.processes import Running, free_port, listens, started
from deploy.rehearse.service import Service
from deploy.rehearse.telegram import stand_in
from deploy.terraforming import Missing

UNPROVABLE_AT_MOST = 8
_begun = time.monotonic()


def main() -> int:
    """1 where anything falls short, 2 where Terraform is missing. The last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m deploy.rehearse", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave every log in this folder, which must not exist")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=given.keep is None)
        try:
            report = rehearse(folder)
        except Missing as missing:
            print(f"not rehearsed: {missing}", file=sys.stderr)
            return 2
    print(json.dumps(report))
    return 0 if is_good(report) else 1


def rehearse(folder: Path) -> dict[str, int]:
    """The figures; what went wrong is printed as it is found."""
    name = "polybot"
    with emulator(folder) as anybody, stand_in(folder) as telegram:
        tool = terraform.opened(folder / "deploy", anybody.endpoint, certificate(anybody, folder))
        say("applying")
        resources = tool.apply()
        say(f"{resources} resources; switching permissions on")
        account = anybody.with_administrator()
        using = service.opened(account, name, telegram, folder)
        account.enforce(on=True)
        operating.open_accounts(using)
        worked = flows(using)
        rolled = rolls(using)
        found = statements(using)
        actions, idle = permissions.unused(using)
        for action in idle:
            say(f"NOBODY ASKED FOR {action}")
        tried, permitted = forbidden.permitted(using)
        for call in permitted:
            say(f"PERMITTED, and should not be: {call}")
        say(f"{tried - len(permitted)} of {tried} forbidden calls refused")
        rolled |= {rolling.leaves_another_image.__name__: _told(rolling.leaves_another_image, using)}
        say("planning once more")
        account.enforce(on=False)
        changes = tool.changes(account.administrator)
        for change in changes:
            say(f"a second plan would change {change}")
        say("destroying")
        tool.destroy(account.administrator)
        left = account.left(name)
        say(f"left: {', '.join(left) or 'nothing'}")
    return {
        "resources": resources,
        "flows": len(worked),
        "flows_passed": sum(worked.values()),
        "rolls": len(rolled),
        "rolls_passed": sum(rolled.values()),
        "statements": len(found),
        "statements_needed": sum(verdict.needed for verdict in found),
        "statements_unprovable": sum(verdict.statement in permissions.UNPROVABLE for verdict in found),
        "actions": actions,
        "actions_used": actions - len(idle),
        "forbidden": tried,
        "forbidden_refused": tried - len(permitted),
        "replan_unexpected": len(changes),
        "left_after_destroy": len(left),
    }


def is_good(report: dict[str, int]) -> bool:
    """Everything worked, each statement is needed or one of a few that can't be shown, each action was used, and nothing is left."""
    return (
        report["flows_passed"] == report["flows"]
        and report["rolls_passed"] == report["rolls"]
        and report["statements_needed"] + report["statements_unprovable"] == report["statements"]
        and report["statements_unprovable"] <= UNPROVABLE_AT_MOST
        and report["actions_used"] == report["actions"]
        and report["forbidden_refused"] == report["forbidden"]
        and report["replan_unexpected"] == report["left_after_destroy"] == 0
    )


@contextmanager
def emulator(folder: Path) -> Iterator[Account]:
    """An account with nothing in it, in which everybody may do everything for now."""
    port, own = free_port(), folder / "emulator"
    own.mkdir()
    command = ("deploy.rehearse.emulator", str(port), str(own))
    about = {"INITIAL_NO_AUTH_ACTION_COUNT": "inf"}
    with started(*command, environment=about, log=folder / "emulator.log", ready=lambda _: listens(port)):
        yield Account(f"http://127.0.0.1:{port}", own)


def certificate(account: Account, folder: Path) -> str:
    """A self-signed one in ACM; its ARN."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=rehearsed", "-keyout", str(key), "-out", str(made)]
    subprocess.run(["openssl", "req", *options], check=True, capture_output=True)
    imported = account.client("acm").import_certificate(Certificate=made.read_bytes(), PrivateKey=key.read_bytes())
    return str(imported["CertificateArn"])


def flows(using: Service) -> dict[str, bool]:
    """Every flow once, with every statement there: first those for which photos have to wait."""
    with using.site():
        found = {flow.__name__: _told(flow, using) for flow in (*SITE, *operating.OPERATING)}
        with using.worker() as worker:
            for flow in (*WORKER, *operating.WITH_A_WORKER, tells_depths):
                found[flow.__name__] = _told(flow, using, worker)
    return found | {lets_its_instance_go.__name__: _told(lets_its_instance_go, using)}


def rolls(using: Service) -> dict[str, bool]:
    """Every roll once, with every statement there."""
    return {flow.__name__: _told(flow, using) for flow in rolling.ROLLS}


def statements(using: Service) -> list[Verdict]:
    found = []
    with using.site():
        for verdict in permissions.verdicts(using):
            word = "needed by" if verdict.needed else "unprovable:" if verdict.statement in permissions.UNPROVABLE else "NOT NEEDED:"
            say(f"{verdict.statement:<24} {word} {verdict.why}")
            found.append(verdict)
    return found


def _told(flow: Callable[..., bool], *given: Service | Running) -> bool:
    worked = flow(*given)
    say(f"{flow.__name__:<44} {'works' if worked else 'FAILS'}")
    return worked


def say(line: str) -> None:
    print(f"{time.monotonic() - _begun:4.0f} s  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
