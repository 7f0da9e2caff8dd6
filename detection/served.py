"""Which models the workers that are up can look at a photo with."""

from __future__ import annotations

from detection import config
from detection.aws import translated
from detection.clock import now
from taskqueue import clients
from taskqueue.registry import Registry

# What a worker calls these among its versions (`overview.versions`).
MODEL, FURTHER = "model", "further"


def models() -> list[str]:
    """The versions, by name: what each worker serves, and its further ones. What one of them has need not be what all have.

    Raises Unavailable.
    """
    at = now()
    with translated("asking which models the workers have"):
        workers = Registry(clients.make("dynamodb"), config.shared().workers_table).workers(at)
    up = [worker.versions for worker in workers if worker.state(at) == "up"]
    return sorted({name for versions in up for name in [versions.get(MODEL, ""), *versions.get(FURTHER, "").split(",")] if name})
