"""Brings everything up, in order, and at once where the order allows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox import model, programs
from sandbox.child import NotUp
from sandbox.environment import Setup
from sandbox.model import Model
from sandbox.supervisor import Supervisor


@dataclass(frozen=True)
class Teller:
    """Says each step with the seconds since the beginning."""

    say: Callable[[str], None]
    since: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since

    def __call__(self, what: str) -> None:
        self.say(f"{self.seconds:5.1f} s  {what}")


async def start(supervisor: Supervisor, setup: Setup, tell: Teller) -> Model:
    """Start everything and return the model that answers. Raises NotUp with what did not come up, and why."""
    try:
        # What the site and the worker need
        async with asyncio.TaskGroup() as together:
            together.create_task(_aws(supervisor, setup, tell))
            preparing = together.create_task(_model(supervisor, setup, tell))
            if not setup.is_real:
                together.create_task(_telegram(supervisor, setup, tell, preparing))
            together.create_task(_database(supervisor, setup))
        found = preparing.result()
        # The site first: what is stopped in the reverse order is the worker, which can so announce what it finishes
        async with asyncio.TaskGroup() as together:
            together.create_task(_site(supervisor, setup, tell, found))
            together.create_task(_worker(supervisor, setup, tell, found))
    except BaseExceptionGroup as several:
        raise _first(several) from None
    supervisor.also(_reconcile_regularly(supervisor, setup))
    return found


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """One of them: what failed first took the others with it."""
    one = several.exceptions[0]
    return _first(one) if isinstance(one, BaseExceptionGroup) else one


async def _model(supervisor: Supervisor, setup: Setup, tell: Teller) -> Model:
    tell("model: looking for its bundle")
    written = await supervisor.run(programs.prepare_model(setup), quiet=True)
    bundle = programs.ROOT / (written[-1] if written else "no path")
    if not bundle.is_dir():
        raise NotUp(f"model: `python -m detection.model prepare` ended without naming a folder: {bundle}")
    found = model.read(bundle)
    tell(str(found) if found.is_demo else f"model: {found} is ready")
    return found


async def _aws(supervisor: Supervisor, setup: Setup, tell: Teller) -> None:
    async def provide_again() -> None:
        """Killed, it has forgotten queues and tables that were made since it started; and workers may not get over its absence."""
        await supervisor.run(programs.provision(setup))
        await supervisor.restart("worker")

    tell(f"embedded AWS: starting on port {setup.ports.aws}")
    await supervisor.start(programs.aws(setup), on_restart=provide_again)
    await supervisor.run(programs.provision(setup))
    tell("embedded AWS: up, with its bucket, queues and tables")


async def _database(supervisor: Supervisor, setup: Setup) -> None:
    is_new = not setup.state.database.exists()
    await supervisor.run(programs.migrate(setup))
    if is_new:
        await supervisor.run(programs.account(setup))


async def _telegram(supervisor: Supervisor, setup: Setup, tell: Teller, preparing: asyncio.Task[Model]) -> None:
    samples = (await preparing).samples  # its page offers what the model knows
    tell(f"Telegram stand-in: starting on port {setup.ports.chat}")
    await supervisor.start(programs.telegram(setup, samples=samples))
    tell("Telegram stand-in: up")


async def _site(supervisor: Supervisor, setup: Setup, tell: Teller, found: Model) -> None:
    tell(f"site: starting on port {setup.ports.site}")
    await supervisor.start(programs.site(setup, demo_model=found.is_demo))
    if setup.is_real:
        tell("site: up; asking Telegram for your bot's updates")
        await supervisor.start(programs.poll(setup, demo_model=found.is_demo))
    else:
        await supervisor.run(programs.set_webhook(setup))
        tell("site: up, and its webhook is set")


async def _worker(supervisor: Supervisor, setup: Setup, tell: Teller, found: Model) -> None:
    tell(f"worker: starting {setup.concurrency} processes")
    await supervisor.start(programs.worker(setup, bundle=str(found.folder)))
    tell("worker: ready")


async def _reconcile_regularly(supervisor: Supervisor, setup: Setup) -> None:
    while True:
        await asyncio.sleep(setup.reconcile_seconds)
        try:
            await supervisor.run(programs.reconcile(setup), quiet=True)
        except NotUp as error:
            supervisor.say(str(error))
