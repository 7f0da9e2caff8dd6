"""Is each statement of each role needed? It is where a flow fails without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from botocore.exceptions import ClientError

from deploy.rehearse.flows import SITE, WORKER, lets_its_instance_go, reconciles
from deploy.rehearse.rolling import ROLL
from deploy.rehearse.service import Service

# What no flow here can show, and why.
UNPROVABLE = {
    "site.BeManaged": "the agent of SSM calls it, and no emulator has one",
    "worker.BeManaged": "the agent of SSM calls it, and no emulator has one",
    "site.WriteLog": "Docker's log driver calls it",
    "worker.WriteLog": "Docker's log driver calls it",
    "workflow.Refresh": "moto has no instance refresh",
}


@dataclass(frozen=True)
class Verdict:
    """What became of one statement."""

    statement: str
    needed: bool
    why: str  # the flow that fails without it, or the reason why none can


def verdicts(service: Service) -> Iterator[Verdict]:
    """One for each statement of each role. The site has to be up."""
    for role, broken in (("site", _of_site), ("schedule", _of_schedule), ("worker", _of_worker), ("workflow", _of_workflow)):
        for sid in service.account.statements(f"{service.name}-{role}", role):
            statement = f"{role}.{sid}"
            if statement in UNPROVABLE:
                yield Verdict(statement, needed=False, why=UNPROVABLE[statement])
                continue
            with service.account.without(f"{service.name}-{role}", role, sid):
                flow = broken(service)
            yield Verdict(statement, needed=flow is not None, why=flow or "every flow worked without it")


def _of_site(service: Service) -> str | None:
    return _first_broken({flow.__name__: lambda flow=flow: flow(service) for flow in SITE})  # type: ignore[misc]


def _of_schedule(service: Service) -> str | None:
    with service.worker() as worker:
        return _first_broken({reconciles.__name__: lambda: reconciles(service, worker)})


def _of_worker(service: Service) -> str | None:
    """With a worker of its own: one that was refused something backs off."""
    with ExitStack() as stack:
        try:
            worker = stack.enter_context(service.worker())
        except ClientError:
            return "reads_its_keys"
        flows: dict[str, Callable[[], bool]] = {flow.__name__: lambda flow=flow: flow(service, worker) for flow in WORKER}  # type: ignore[misc]
        if broken := _first_broken(flows):
            return broken
    return _first_broken({lets_its_instance_go.__name__: lambda: lets_its_instance_go(service)})


def _of_workflow(service: Service) -> str | None:
    return _first_broken({flow.__name__: lambda flow=flow: flow(service) for flow in ROLL})  # type: ignore[misc]


def _first_broken(flows: dict[str, Callable[[], bool]]) -> str | None:
    return next((name for name, flow in flows.items() if not flow()), None)
