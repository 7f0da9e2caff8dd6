"""`python -m sandbox`: the whole service on one machine. `--help` says what there is."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from sandbox.demo import demo
from sandbox.fill import fill
from sandbox.ports import Ports
from sandbox.supervisor import INTERRUPTED
from sandbox.up import STATE, manage, up

_WHAT = """\
The whole service on this machine, with nothing to sign up for: an embedded AWS and a stand-in for Telegram take the place
of the outside world; the site and its workers are the real ones. Everything listens on 127.0.0.1 only."""

_EXAMPLES = """\
  python -m sandbox up                                  send photos to the bot in a chat page, until Ctrl-C
  TELEGRAM_TOKEN=123:abc python -m sandbox up           the same with your own bot, in Telegram itself
  DETECTION_MODEL=my.pt python -m sandbox up            the same with your own model
  python -m sandbox demo cat.jpg --out answer.jpg       one photo, and its answer; the last line is JSON
  python -m sandbox manage changepassword owner         another password for the admin of `up`
  python -m sandbox fill --predictions 20000            a made-up month for the admin to show"""


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = _parser().parse_args(argv)
    try:
        if given.command == "demo":
            return demo(given.photo, out=given.out)
        at = Ports(chat=given.port, site=given.site_port, aws=given.aws_port)
        if given.command == "manage":
            return manage(folder=given.state.resolve(), at=at, arguments=given.arguments)
        if given.command == "fill":
            return fill(folder=given.state.resolve(), at=at, predictions=given.predictions, seed=given.seed)
        return up(folder=given.state.resolve(), at=at, concurrency=given.concurrency, take_over=given.take_over)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=_WHAT, epilog=f"examples:\n{_EXAMPLES}", formatter_class=form)
    commands = parser.add_subparsers(dest="command", required=True, metavar="up | demo | manage | fill")
    _add_up(commands.add_parser("up", help="start everything, say where the chat page is, and run until Ctrl-C"))
    _add_demo(commands.add_parser("demo", help="start everything, send one photo, print its answer, stop everything"))
    _add_manage(commands.add_parser("manage", help="run manage.py in the environment of the site that `up` starts"))
    _add_fill(commands.add_parser("fill", help="make up a month of predictions, beside `up` or without it"))
    return parser


def _add_up(parser: argparse.ArgumentParser) -> None:
    _add_place(parser)
    parser.add_argument("--concurrency", type=int, default=2, metavar="N", help="photos that are looked at at the same time (default: 2)")
    parser.add_argument(
        "--take-over", action="store_true", help="with TELEGRAM_TOKEN: delete the webhook that your bot has, or it can't be polled"
    )


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.description = "Exit status 0: looked at. 1: the bot says why not, or something failed. 2: there is no such file."
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="a photo, or whatever the bot is to judge")
    parser.add_argument("--out", type=Path, default=Path("answer.jpg"), help="where the annotated photo goes (default: answer.jpg)")


def _add_manage(parser: argparse.ArgumentParser) -> None:
    _add_place(parser)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="what manage.py gets")


def _add_fill(parser: argparse.ArgumentParser) -> None:
    _add_place(parser)
    parser.add_argument("--predictions", type=int, default=20_000, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="each seed makes other ones (default: %(default)s)")


def _add_place(parser: argparse.ArgumentParser) -> None:
    standard = Ports()
    parser.add_argument("--state", type=Path, default=STATE, metavar="DIR", help="folder that a restart reads again (default: .sandbox)")
    parser.add_argument("--port", type=int, default=standard.chat, help="of the chat page (default: %(default)s)")
    parser.add_argument("--site-port", type=int, default=standard.site, metavar="PORT", help="(default: %(default)s)")
    parser.add_argument("--aws-port", type=int, default=standard.aws, metavar="PORT", help="(default: %(default)s)")


if __name__ == "__main__":
    sys.exit(main())
