"""`python -m sandbox demo PHOTO`: one photo through the whole service, and its answer."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import httpx

from sandbox import flow, programs
from sandbox.chat import Answer, Chat, NoAnswer, Refused
from sandbox.child import NotUp
from sandbox.console import Console
from sandbox.environment import Setup
from sandbox.ports import free_ports
from sandbox.programs import ROOT
from sandbox.start import Teller, start
from sandbox.state import opened
from sandbox.supervisor import Supervisor

ANSWER_SECONDS = 60.0
_LOG_LINES = 40


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run showed: the answer in the chat, the prediction behind it (none: the bot made none), the photo of the answer."""

    answer: Answer
    seconds: float
    prediction: Mapping[str, Any] | None = None
    photo: bytes | None = None


def demo(picture: Path, *, out: Path) -> int:
    """Print the flow and, as the last line, the answer as JSON.

    0: the photo was looked at. 1: the bot said why not, or something failed. 2: a path is wrong, and nothing was started.
    """
    if mistake := _mistake(picture, out):
        print(f"python -m sandbox demo: {mistake}", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="polybot-demo-"))
    try:
        with (folder / "log").open("w") as log:
            outcome = asyncio.run(_demo(picture, folder=folder, log=log))
    except (NotUp, NoAnswer, httpx.HTTPError) as error:
        _tell_failure(error, folder / "log")
        return 1
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)
    return _tell(outcome, out=out)


async def _demo(picture: Path, *, folder: Path, log: TextIO) -> Outcome:
    content = await asyncio.to_thread(picture.read_bytes)
    tell = Teller(lambda text: print(text, flush=True))
    outer = {name: value for name, value in os.environ.items() if name != "TELEGRAM_TOKEN"}  # never the real bot
    outer["TMPDIR"] = str(folder)  # killed as they are, the processes leave files there
    with opened(folder / "state") as state:
        setup = Setup(state=state, ports=free_ports(), outer=outer, concurrency=1)
        # No grace: the state is thrown away, so nothing has to be saved
        async with Supervisor(Console(log), folder=ROOT, grace=0) as supervisor:
            await start(supervisor, setup, tell)
            tell(f"sending {picture.name}")
            outcome = await _ask(supervisor, setup, name=picture.name, content=content)
            tell("answered; stopping")
    return outcome


async def _ask(supervisor: Supervisor, setup: Setup, *, name: str, content: bytes) -> Outcome:
    async with Chat(setup.url(setup.ports.chat)) as chat:
        since = time.monotonic()
        try:
            message_id = await chat.send(name, content)
        except Refused as refused:
            return Outcome(answer=Answer(str(refused)), seconds=time.monotonic() - since)
        answer = await chat.answer_to(message_id, seconds=ANSWER_SECONDS)
        return Outcome(
            answer=answer,
            seconds=time.monotonic() - since,
            photo=await chat.open(answer.photo) if answer.photo else None,
            prediction=await _prediction(supervisor, setup, f"{chat.chat_id}-{message_id}"),
        )


async def _prediction(supervisor: Supervisor, setup: Setup, prediction_id: str) -> Mapping[str, Any] | None:
    """The prediction once it knows that its answer was sent, which it learns after the chat; None if the bot made none."""
    while True:
        lines = await supervisor.run(programs.show(setup, prediction_id), quiet=True, fine=(0, 1))
        prediction: Mapping[str, Any] | None = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None
        if prediction is None or prediction["replied_at"] or prediction["undeliverable"]:
            return prediction


def _mistake(picture: Path, out: Path) -> str:
    if picture == Path():
        return "no photo is named. Give the path of one, as in `make demo PHOTO=cat.jpg`"
    if not picture.is_file():
        return f"there is no file {str(picture)!r}. Give the path of a photo"
    if not out.parent.is_dir():
        return f"there is no folder {str(out.parent)!r} for the answer. Make it, or give another path with --out"
    return ""


def _tell(outcome: Outcome, *, out: Path) -> int:
    print("\n" + "\n".join(flow.described(outcome.prediction)) + "\n" if outcome.prediction else "\nThe bot made no prediction of it.\n")
    print(f"The answer: {outcome.answer.caption}")
    if outcome.photo:
        out.write_bytes(outcome.photo)
        print(f"Its photo: {out}")
    result = flow.result(outcome.prediction, caption=outcome.answer.caption, seconds=outcome.seconds)
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return 0 if result["status"] == "DONE" else 1


def _tell_failure(error: Exception, log: Path) -> None:
    last = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    print("\n".join([*last, "", f"python -m sandbox demo: {error}", f"What the processes wrote is in {log}"]), file=sys.stderr)
