"""Celery settings of the eyes and hands: what an application says about itself. See docs/taskqueue-operations.md.

Functions are named as "package.module:function" and imported by whoever calls them, so that a setting costs the site no import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu.utils.imports import symbol_by_name

REGISTRY = "taskqueue_registry_table"
METRICS = "taskqueue_metrics_namespace"
VERSIONS = "taskqueue_versions"
OLDEST = "taskqueue_oldest"
REDRIVE = "taskqueue_redrive"
BEAT = "taskqueue_beat_seconds"  # how often workers write to the registry …
METRICS_EVERY = "taskqueue_metrics_seconds"  # … and metrics


def operating_settings(
    *,
    registry_table: str = "",
    metrics_namespace: str = "",
    versions: str = "",
    oldest: str = "",
    redrive: str = "",
) -> dict[str, Any]:
    """To be merged into an app's settings beside `celery_settings`; what is left out is not done.

    registry_table: the DynamoDB table in which workers say what they do.
    metrics_namespace: where set, workers write metrics to stdout in CloudWatch's embedded format.
    versions: `() -> dict[str, str]`, called once by each worker: the application's and its model's, say.
    oldest: `() -> dict[str, datetime | None]`, since when the oldest message of a queue waits, for queues whose application knows.
    redrive: `(Letter, send_again) -> str`, see `redrive`.
    """
    given = {REGISTRY: registry_table, METRICS: metrics_namespace, VERSIONS: versions, OLDEST: oldest, REDRIVE: redrive}
    return given | {"imports": ["taskqueue.reporting"]}  # a worker imports these, and nobody else does


def setting(app: Celery, name: str) -> str:
    """One of the above; empty where it is not set."""
    return str(app.conf.get(name) or "")


def hook(app: Celery, name: str) -> Callable[..., Any] | None:
    """The application's function for this setting; None where it names none. Raises ImportError or AttributeError for a wrong name."""
    named = setting(app, name)
    return symbol_by_name(named) if named else None
