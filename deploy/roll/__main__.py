"""`python -m deploy.roll`: roll an image out over the site or the workers."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from datetime import datetime
from types import FrameType
from typing import Any

from deploy import aws
from deploy.roll import lock, site, workers
from deploy.roll.image import by_digest, short
from deploy.roll.outcome import Outcome, Refused, Stopped
from deploy.roll.pace import Pace

ABOUT = """\
Roll an image out. Where it does not come to serve, everything goes back to the image before, and the roll ends.

  site      each instance in its turn leaves the load balancers, drains, starts the image, serves, and comes back
  workers   a new version of the launch template becomes the default, and an instance refresh replaces every worker

The same command goes on where an interrupted roll stopped, and does nothing where everything runs the image already."""

STATUSES = """\
exit status:
    0  every instance runs the image
    1  the image did not serve; all run what they ran before
    2  refused, or AWS could not be asked; nothing was changed
    3  another roll of the same side is under way; nothing was changed
    4  stopped half-way: the last line says what is where. The same command goes on from there
  130  interrupted; the same command goes on from there"""

PACE = Pace()
SIDES = {"site": site, "workers": workers}


def main(argv: list[str] | None = None, pace: Pace = PACE) -> int:
    """Run one roll; the exit status is one of those that --help lists. Progress goes to stdout, why it ended otherwise to stderr."""
    arguments = parser().parse_args(argv)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _roll(arguments, _paced(pace, arguments))
    except Outcome as ended:
        print(f"{type(ended).__name__}: {ended}", file=sys.stderr)
        return ended.status
    except KeyboardInterrupt:
        print("Interrupted: run the same command to go on. What AWS was asked for goes on by itself.", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m deploy.roll", description=ABOUT, epilog=STATUSES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sides = found.add_subparsers(dest="side", required=True, metavar="side")
    for side, limit, what in (("site", "serve", "one instance to serve"), ("workers", "refresh", "the whole instance refresh")):
        one = sides.add_parser(side, help=f"roll the {side}", epilog=STATUSES, formatter_class=argparse.RawDescriptionHelpFormatter)
        one.add_argument("--image", required=True, type=by_digest, metavar="REPOSITORY@sha256:DIGEST", help="the image, by its digest")
        one.add_argument("--name", default="polybot", help="Terraform's variable `name` (default: %(default)s)")
        one.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
        one.add_argument("--resume", action="store_true", help="go on in the place of a roll that was killed and left its lock")
        one.add_argument("--timeout", type=float, metavar="SECONDS", help=f"for {what} (default: {getattr(PACE, limit):g})")
        one.set_defaults(limit=limit)
    return found


def _paced(pace: Pace, arguments: argparse.Namespace) -> Pace:
    return pace if arguments.timeout is None else replace(pace, **{arguments.limit: arguments.timeout})


def _roll(arguments: argparse.Namespace, pace: Pace) -> None:
    side = SIDES[arguments.side]
    ssm = aws.client("ssm")
    try:
        work: Any = side.connect(arguments.name, pace)
        if arguments.dry_run:
            _say("\n".join(side.look(work, arguments.image).lines()))
            _say(lock.holder(ssm, name=arguments.name, side=arguments.side) or "no roll is under way")
            return
    except aws.ERRORS as error:
        raise Refused(f"AWS: {error}") from None
    changing = False
    try:
        with lock.held(ssm, name=arguments.name, side=arguments.side, what=short(arguments.image), resume=arguments.resume) as held:
            plan = side.look(work, arguments.image)
            _say("\n".join(plan.lines()))
            changing = True
            side.roll(work, plan, held, _say)
    except aws.ERRORS as error:
        raise (Stopped if changing else Refused)(f"AWS: {error}") from None
    _say(f"done: every instance runs {short(arguments.image)}")


def _say(text: str) -> None:
    for line in text.splitlines():
        print(f"{datetime.now().astimezone():%H:%M:%S} {line}", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
