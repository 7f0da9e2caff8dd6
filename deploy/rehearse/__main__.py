"""`python -m deploy.rehearse`: apply deploy/terraform to an emulator of AWS, use it under the roles that it made, and take it down."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy import notes
from deploy.notes import Notes
from deploy.rehearse import forbidden, operating, permissions, rolling, service, terraform
from deploy.rehearse.account import Account
from deploy.rehearse.figures import figures, is_good
from deploy.rehearse.flows import SITE, WORKER, tells_depths
from deploy.rehearse.instance import lets_its_instance_go
from deploy.rehearse.processes import Running, free_port, listens, started
from deploy.rehearse.service import Service
from deploy.rehearse.telegram import stand_in
from deploy.terraforming import Missing


def main() -> int:
    """1 where anything falls short, 2 where Terraform is missing. The last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m deploy.rehearse", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave every log in this folder, which must not exist")
    parser.add_argument("--raw", type=Path, metavar="FILE", help="keep each event in this file, as JSON lines")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="rehearse nothing: the figures of the events in this file")
    given = parser.parse_args()
    note = Notes(notes.read(given.figures) if given.figures else [])
    try:
        if not given.figures:
            _in_a_folder(given.keep, note)
    except Missing as missing:
        print(f"not rehearsed: {missing}", file=sys.stderr)
        return 2
    finally:
        if given.raw:
            note.write(given.raw)
    found = figures(note.events)
    print(f"\n{notes.table(found)}\n")
    print(json.dumps(found))
    return 0 if is_good(found) else 1


def _in_a_folder(keep: Path | None, note: Notes) -> None:
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=keep is None)
        rehearse(folder, note)


def rehearse(folder: Path, note: Notes) -> None:
    """All of it, noted as it goes. Raises Missing where there is no Terraform."""
    name = "polybot"
    with emulator(folder) as anybody, stand_in(folder) as telegram:
        tool = terraform.opened(folder / "deploy", anybody.endpoint, certificate(anybody, folder))
        note("applying", "applying")
        resources = tool.apply()
        note("applied", f"{resources} resources; switching permissions on", resources=resources)
        account = anybody.with_administrator()
        using = service.opened(account, name, telegram, folder)
        account.enforce(on=True)
        operating.open_accounts(using)
        flows(using, note)
        for flow in rolling.ROLLS:
            _noted("roll", flow, note, using)
        statements(using, note)
        actions, idle = permissions.unused(using)
        note("actions", f"{actions} actions permitted; asked for by nobody: {', '.join(idle) or 'none'}", permitted=actions, idle=idle)
        tried, allowed = forbidden.permitted(using)
        note("forbidden", f"{tried} forbidden calls; permitted: {', '.join(allowed) or 'none'}", tried=tried, permitted=allowed)
        _noted("roll", rolling.leaves_another_image, note, using)
        account.enforce(on=False)
        changes = tool.changes(account.administrator)
        note("planned again", f"a second plan would change: {'; '.join(changes) or 'nothing'}", unexpected=changes)
        note("destroying", "destroying")
        tool.destroy(account.administrator)
        left = account.left(name)
        note("destroyed", f"left: {', '.join(left) or 'nothing'}", left=left)


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


def flows(using: Service, note: Notes) -> None:
    """Every flow once, with every statement there: first those for which photos have to wait."""
    with using.site():
        for flow in (*SITE, *operating.OPERATING):
            _noted("flow", flow, note, using)
        with using.worker() as worker:
            for flow_of_worker in (*WORKER, *operating.WITH_A_WORKER, tells_depths):
                _noted("flow", flow_of_worker, note, using, worker)
    _noted("flow", lets_its_instance_go, note, using)


def statements(using: Service, note: Notes) -> None:
    """Each statement of each role, taken away."""
    with using.site():
        for found in permissions.verdicts(using):
            unprovable = found.statement in permissions.UNPROVABLE
            verdict = "needed" if found.needed else "unprovable" if unprovable else "NOT NEEDED"
            note("statement", f"{found.statement:<24} {verdict}: {found.why}", statement=found.statement, verdict=verdict, why=found.why)


def _noted(kind: str, flow: Callable[..., bool], note: Notes, *given: Service | Running) -> None:
    worked = flow(*given)
    note(kind, f"{flow.__name__:<44} {'works' if worked else 'FAILS'}", name=flow.__name__, worked=worked)


if __name__ == "__main__":
    sys.exit(main())
