"""Celery settings for SQS that lose nothing: our transport, late acks, no results. See docs/taskqueue.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kombu import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

# How long a received message stays hidden from other workers. A worker that is killed holds its task up for just this long.
VISIBILITY_SECONDS = 30
# SQS's own limit of receives before a message goes to the dead-letter queue: a backstop, since SQS tells nobody.
MAX_RECEIVES = 20
# One long poll. A worker that stops waits for the polls that it has open: what comes in them would stay hidden otherwise.
WAIT_SECONDS = 5

# kombu's table of names for broker URLs. Imported by whoever uses the name, since it takes its settings from here.
TRANSPORT_ALIASES["taskqueue"] = "taskqueue.transport:Transport"


def celery_settings(queues: Mapping[str, str]) -> dict[str, Any]:
    """Settings for an app whose queues exist (name → URL); whoever makes the queues sets VISIBILITY_SECONDS on them."""
    return {
        "broker_url": "taskqueue://",  # credentials and region come from the environment or the instance's role
        "broker_transport_options": {
            "predefined_queues": {name: {"url": url} for name, url in queues.items()},
            "wait_time_seconds": WAIT_SECONDS,
            "visibility_timeout": VISIBILITY_SECONDS,
            # A site that can't reach SQS must say so to Telegram before Telegram stops waiting.
            "client-config": {"connect_timeout": 2, "read_timeout": 10},
        },
        "task_queues": [Queue(name, Exchange(name), routing_key=name) for name in queues],
        "task_default_queue": next(iter(queues)),
        "broker_connection_retry_on_startup": True,
        "task_publish_retry": False,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,  # a task whose process dies goes back to the queue …
        "task_acks_on_failure_or_timeout": False,  # … and so does one that raises
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_create_missing_queues": False,
        "worker_consumer": "taskqueue.consumer:Consumer",
        "worker_autoscaler": "taskqueue.autoscale:Autoscaler",
        "worker_prefetch_multiplier": 1,
        "worker_enable_remote_control": False,  # there is none on SQS
        "worker_hijack_root_logger": False,
        "timezone": "UTC",
    }
