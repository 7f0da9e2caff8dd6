"""`python -m deploy`: one command for each thing that an operator does on AWS."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from deploy import aws, teaching
from deploy.operations import cost, doctor, logs, settings, status, terraform
from deploy.operations.down import down
from deploy.operations.settings import Refused, Settings
from deploy.operations.up import up
from deploy.roll import __main__ as rolling
from deploy.roll.outcome import Outcome

ABOUT = """\
Make, run and take down the service on AWS. Credentials are those of the AWS command line: a profile, a role, or variables.

What is there is described by a file of Terraform's variables in JSON (--vars); docs/aws.md says what belongs there."""

STATUSES = """\
exit status: 0 done; 1 the answer is no (doctor found something; a roll went back); 2 refused, or AWS or Terraform said no;
  those of `roll` are in its own help"""

Command = Callable[[Settings, argparse.Namespace], int]


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit status is one of those that --help lists."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["roll"]:  # its options, --help too, are deploy.roll's
        return rolling.main(words[1:])
    arguments = parser().parse_args(words)
    try:
        run: Command = arguments.run
        return run(settings.read(arguments.vars), arguments)
    except (Refused, Outcome, terraform.Failed) as error:
        print(f"python -m deploy: {error}", file=sys.stderr)
    except aws.ERRORS as error:
        print(f"python -m deploy: AWS: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted: the same command goes on from there.", file=sys.stderr)
        return 130
    return 2


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m deploy", description=ABOUT, epilog=STATUSES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--vars", type=Path, default=Path("polybot.tfvars.json"), metavar="FILE", help="(default: %(default)s)")
    commands = found.add_subparsers(dest="command", required=True, metavar="command")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, parents=[shared], help=text, description=teaching.ABOUT[name], formatter_class=argparse.RawDescriptionHelpFormatter
        )
        command.set_defaults(run=run)
        return command

    upping = add("up", _up, "make all of it, or bring it up to date: state, resources, secrets, certificate, webhook")
    upping.add_argument("--yes", action="store_true", help="apply Terraform's plan without asking")
    upping.add_argument("--new-certificate", action="store_true", help="make the self-signed certificate anew, and give it to Telegram")
    upping.add_argument(
        "--replace", action="append", default=[], metavar="ADDRESS", help="make this resource of Terraform's anew; may be repeated"
    )
    add("status", _status, "what runs, what waits, what is alarmed and what is rolled out")
    commands.add_parser("roll", help="roll a new image out, as `python -m deploy.roll` does")
    logging = add("logs", _logs, "print the log of a side")
    logging.add_argument("side", choices=["site", "worker"])
    logging.add_argument("--since", type=_ago, default="10m", metavar="SPAN", help="30s, 10m, 2h, 1d (default: %(default)s)")
    logging.add_argument("--word", default="", help="only lines with this in them, such as a prediction's id")
    logging.add_argument("--follow", action="store_true", help="go on with what comes, until Ctrl-C")
    add("down", _down, "destroy all of it, once its name was typed")
    costing = add("cost", _cost, "what it costs a month before it has looked at a photo; asks AWS nothing")
    costing.add_argument("--workers", type=float, help="on average (default: worker_min)")
    add("doctor", _doctor, "check what can be checked, and say what to do; changes nothing")
    return found


def _up(chosen: Settings, arguments: argparse.Namespace) -> int:
    up(chosen, _say, yes=arguments.yes, new_certificate=arguments.new_certificate, replace=arguments.replace)
    return 0


def _status(chosen: Settings, _arguments: argparse.Namespace) -> int:
    for line in status.lines(chosen):
        _say(line)
    return 0


def _logs(chosen: Settings, arguments: argparse.Namespace) -> int:
    for line in logs.lines(chosen, arguments.side, since=arguments.since, word=arguments.word, follow=arguments.follow):
        _say(line)
    return 0


def _down(chosen: Settings, _arguments: argparse.Namespace) -> int:
    down(chosen, _say, ask=input)
    return 0


def _cost(chosen: Settings, arguments: argparse.Namespace) -> int:
    workers = chosen.value("worker_min") if arguments.workers is None else arguments.workers
    for line in cost.lines(chosen, float(workers)):
        _say(line)
    return 0


def _doctor(chosen: Settings, _arguments: argparse.Namespace) -> int:
    found = []
    for finding in doctor.findings(chosen):
        _say(str(finding))
        found.append(finding)
    return 0 if all(finding.good for finding in found) else 1


def _ago(text: str) -> timedelta:
    try:
        return logs.ago(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
