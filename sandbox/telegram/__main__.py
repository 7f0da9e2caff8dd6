"""`python -m sandbox.telegram --port 8081 --state DIR`: a stand-in of Telegram, and its chat page, on 127.0.0.1."""

import argparse
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path

from sandbox.telegram.server import HOST, listen, serve
from sandbox.telegram.settings import DEFAULT_TOKEN, EMOJI, PHOTOGRAPHS, Settings
from sandbox.telegram.store import hold


def main(arguments: list[str] | None = None) -> int:
    """Run the stand-in; 2 where its port is taken or its token is none."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # httpx logs each webhook's URL, and uvicorn how it starts: neither says anything here.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    if not given.token.partition(":")[0].isdigit():
        return _refuse("the token does not look like 1000001:some-text; give another with --token")
    try:
        listening = listen(given.port)
    except OSError as error:
        return _refuse(f"port {given.port} of {HOST} is taken ({error.strerror}); give another with --port, or 0 for a free one")
    try:
        held = hold(given.state)
    except BlockingIOError:
        return _refuse(f"another stand-in runs on the state in {given.state}; stop it, or give another folder with --state")
    with held, suppress(KeyboardInterrupt):
        listening.listen(2048)
        print(f"Telegram stand-in: http://{HOST}:{listening.getsockname()[1]}/", flush=True)
        serve(Settings(given.state, given.token, given.retry_base, given.webhook_timeout, given.samples), listening)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free one, which the first line names (default: 8081)")
    parser.add_argument(
        "--state", type=Path, required=True, metavar="DIR", help="folder with the chats and files; a restart reads it again"
    )
    token = os.environ.get("TELEGRAM_TOKEN", DEFAULT_TOKEN)
    parser.add_argument("--token", default=token, help="the bot's token (default: TELEGRAM_TOKEN, or a fixed one that opens nothing else)")
    parser.add_argument(
        "--retry-base", type=float, default=2.0, metavar="SECONDS", help="pause before a webhook's second retry (default: 2)"
    )
    parser.add_argument(
        "--webhook-timeout", type=float, default=60.0, metavar="SECONDS", help="a webhook must answer in this time (default: 60)"
    )
    parser.add_argument(
        "--samples", choices=(PHOTOGRAPHS, EMOJI), default=PHOTOGRAPHS, help="what the chat page offers to send (default: %(default)s)"
    )
    return parser


def _refuse(message: str) -> int:
    print(f"python -m sandbox.telegram: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # a Ctrl-C before the server listens for it, or while it is already ending
        sys.exit(0)
