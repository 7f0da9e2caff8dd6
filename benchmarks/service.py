"""The service on this machine for a benchmark: the sandbox's own parts, on free ports, with a worker that the benchmark chooses."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.subjects import ROOT
from sandbox import programs
from sandbox.console import Console
from sandbox.environment import Setup
from sandbox.ports import free_ports
from sandbox.state import opened
from sandbox.supervisor import Supervisor

DEMO_MODEL = ROOT / "detection/model/demo/bundle"
APP = "detection.celery"


@asynccontextmanager
async def embedded_aws(folder: Path) -> AsyncIterator[tuple[Supervisor, Setup]]:
    """The embedded AWS with the service's bucket, queues and tables. What the processes write is in `folder`/log."""
    outer = {name: value for name, value in os.environ.items() if name != "TELEGRAM_TOKEN"}  # never the real bot
    with (folder / "log").open("w") as log, opened(folder / "state") as state:
        setup = Setup(state=state, ports=free_ports(), outer=outer)
        async with Supervisor(Console(log), folder=ROOT, grace=5) as supervisor:
            await supervisor.start(programs.aws(setup))
            await supervisor.run(programs.provision(setup), quiet=True)
            yield supervisor, setup


async def start_site(supervisor: Supervisor, setup: Setup) -> None:
    """The site and the stand-in of Telegram, with the webhook set."""
    await supervisor.start(programs.telegram(setup, samples="emoji"))
    await supervisor.run(programs.migrate(setup), quiet=True)
    await supervisor.start(programs.site(setup, demo_model=True))
    await supervisor.run(programs.set_webhook(setup), quiet=True)


async def start_worker(supervisor: Supervisor, setup: Setup, *options: str, app: str = APP, **environment: str) -> int:
    """A worker of all queues that has the demo model, with these options of Celery's; returns the id of its main process."""
    usual = programs.worker(setup, bundle=str(DEMO_MODEL))
    command = tuple(app if part == APP else part for part in usual.command) + options  # Celery takes the last of two --concurrency
    kept = await supervisor.start(replace(usual, command=command, environment={**usual.environment, **environment}))
    assert kept.pid is not None  # noqa: S101  # it was started in the line above
    return kept.pid
