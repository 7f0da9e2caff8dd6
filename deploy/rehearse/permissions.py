"""Is each statement of each role needed? It is where a flow fails without it, and works again with it."""

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
            yield _verdict(service, statement, flow)


def _verdict(service: Service, statement: str, broken: str | None) -> Verdict:
    """A flow that fails with the statement, too, shows nothing: something else was wrong."""
    if broken is None:
        return Verdict(statement, needed=False, why="every flow worked without it")
    mended = _works(service, broken)
    return Verdict(statement, needed=mended, why=broken if mended else f"{broken} fails with it, too")


def _works(service: Service, name: str) -> bool:
    alone = {flow.__name__: flow for flow in (*SITE, *ROLL, lets_its_instance_go)}
    if name in alone:
        return alone[name](service)
    with service.worker() as worker:
        return {flow.__name__: flow for flow in WORKER}[name](service, worker)


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
