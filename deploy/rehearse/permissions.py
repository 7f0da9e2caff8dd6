"""Is each statement of each role needed? It is where a flow fails without it, and works again with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from botocore.exceptions import ClientError

from deploy.rehearse import flows, operating, rolling
from deploy.rehearse.flows import Flow, WorkerFlow
from deploy.rehearse.instance import lets_its_instance_go
from deploy.rehearse.service import ROLES, Service

# What no flow here can show, and why.
UNPROVABLE = {
    "site.BeManaged": "the agent of SSM calls it, and no emulator has one",
    "worker.BeManaged": "the agent of SSM calls it, and no emulator has one",
    "site.WriteLog": "Docker's log driver calls it",
    "worker.WriteLog": "Docker's log driver calls it",
}

# The flow that is to fail without the statement.
NEEDED_BY: Mapping[str, Flow] = {
    "site.Photos": flows.takes_a_photo,
    "site.ListPhotos": operating.erases_a_chat,
    "site.Send": flows.takes_a_photo,
    "site.DeadLetters": operating.deals_with_dead_letters,
    "site.Predictions": flows.takes_a_photo,
    "site.Indexes": operating.looks_at_predictions,
    "site.Chats": flows.takes_a_photo,
    "site.Counters": flows.takes_a_photo,
    "site.SeeWorkers": operating.sees_the_dashboard,
    "site.Pause": operating.pauses_a_queue,
    "site.Secrets": flows.starts_the_site,
    "site.Image": flows.starts_the_site,
    "site.Watch": flows.watches,
    "worker.LetGo": lets_its_instance_go,
    "worker.FindGroup": lets_its_instance_go,
    "workflow.Parameters": rolling.rolls_the_site,
    "workflow.EarlierImages": rolling.rolls_the_site,
    "workflow.Unlock": rolling.rolls_the_site,
    "workflow.RunScript": rolling.rolls_the_site,
    "workflow.OnInstances": rolling.rolls_the_workers,
    "workflow.Targets": rolling.rolls_the_site,
    "workflow.Template": rolling.rolls_the_workers,
    "workflow.Refresh": rolling.rolls_the_workers,
    "workflow.Look": rolling.rolls_the_workers,
}
# The same, with a worker that starts without the statement.
NEEDED_BY_A_WORKER: Mapping[str, WorkerFlow] = {
    "schedule.SendReconcile": flows.reconciles,
    "worker.Photos": flows.answers_a_photo,
    "worker.ListPhotos": flows.drops_what_is_erased,
    "worker.Work": flows.answers_a_photo,
    "worker.Bury": flows.buries_what_is_no_task,
    "worker.Predictions": flows.answers_a_photo,
    "worker.Counters": flows.reconciles,
    "worker.Indexes": flows.reconciles,
    "worker.Register": flows.registers,
    "worker.SeePaused": operating.heeds_a_pause,
    "worker.Secrets": flows.reads_its_keys,
}


@dataclass(frozen=True)
class Verdict:
    """What became of one statement."""

    statement: str
    needed: bool
    why: str  # the flow that fails without it, or the reason why none can


def verdicts(service: Service) -> Iterator[Verdict]:
    """One for each statement of each role. The site has to be up."""
    waiting: dict[str, bool] = {}  # whether its flow failed without it
    for role in ROLES:
        for found in service.account.statements(f"{service.name}-{role}", role):
            statement = f"{role}.{found['Sid']}"
            if statement in UNPROVABLE:
                yield Verdict(statement, needed=False, why=UNPROVABLE[statement])
                continue
            with service.account.without(f"{service.name}-{role}", role, found["Sid"]):
                broken = not _works(service, statement)
            if statement in NEEDED_BY:
                flow = NEEDED_BY[statement]
                yield _verdict(statement, flow.__name__, broken=broken, mended=broken and flow(service))
            else:
                waiting[statement] = broken
    # One worker, to which nothing was refused, shows it for all of them: a worker takes a while to start.
    with service.worker() as worker:
        for statement, broken in waiting.items():
            by_worker = NEEDED_BY_A_WORKER[statement]
            yield _verdict(statement, by_worker.__name__, broken=broken, mended=broken and by_worker(service, worker))


def unused(service: Service) -> tuple[int, list[str]]:
    """How many actions the provable statements permit, and those that nobody asked for in all of the rehearsal."""
    asked = service.account.asked()
    count, idle = 0, []
    for role in ROLES:
        for found in service.account.statements(f"{service.name}-{role}", role):
            if f"{role}.{found['Sid']}" in UNPROVABLE:
                continue
            used = {action for who, action, on in asked if who == f"{service.name}-{role}" and _is_named(on, _listed(found["Resource"]))}
            actions = _listed(found["Action"])
            count += len(actions)
            idle += [f"{role}.{found['Sid']} {action}" for action in actions if action not in used]
    return count, idle


def _verdict(statement: str, flow: str, *, broken: bool, mended: bool) -> Verdict:
    """A flow that fails with the statement, too, shows nothing: something else was wrong."""
    why = flow if mended else f"{flow} fails with it, too" if broken else f"{flow} worked without it"
    return Verdict(statement, needed=mended, why=why)


def _works(service: Service, statement: str) -> bool:
    """Whether the flow that is named for the statement works now. Raises KeyError where none is."""
    if statement in NEEDED_BY:
        return NEEDED_BY[statement](service)
    try:
        # A worker of its own: one that was refused something backs off.
        with service.worker() as worker:
            return NEEDED_BY_A_WORKER[statement](service, worker)
    except ClientError:  # it could not even read its keys
        return False


def _is_named(resource: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(resource, pattern) for pattern in patterns)


def _listed(one: str | list[str]) -> list[str]:
    return [one] if isinstance(one, str) else one
