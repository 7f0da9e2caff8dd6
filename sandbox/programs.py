"""What a sandbox runs: each part of the service as a program."""

from __future__ import annotations

import sys
from pathlib import Path

from sandbox import environment
from sandbox.child import Program
from sandbox.environment import Setup

ROOT = Path(__file__).resolve().parent.parent
MINISTACK = ROOT / ".venv" / "ministack" / "bin" / "ministack"  # an environment of its own: it pins botocore

ADMIN = "owner"  # who opens the admin

_HOUR = 3600.0
_AS_ROOT = "You're running the worker with superuser privileges"  # as one does in a container; all is on this machine


def aws(setup: Setup) -> Program:
    return Program(
        name="aws",
        command=(str(MINISTACK),),
        environment=environment.aws(setup),
        ready=f"{setup.url(setup.ports.aws)}/_ministack/health",
        ends_quietly=True,  # it writes a traceback for each connection that it cuts
    )


def provision(setup: Setup) -> Program:
    """Makes the bucket, the queues and the tables that are missing."""
    return Program(name="aws", command=_python("-m", "detection", "provision"), environment=environment.shared(setup))


def telegram(setup: Setup, *, samples: str) -> Program:
    port, folder = str(setup.ports.chat), str(setup.state.telegram)
    return Program(
        name="telegram",
        command=_python("-m", "sandbox.telegram", "--port", port, "--state", folder, "--samples", samples),
        environment=environment.telegram(setup),
        ready=f"{setup.url(setup.ports.chat)}/control/health",
    )


def migrate(setup: Setup) -> Program:
    return Program(
        name="site", command=_python("manage.py", "migrate", "--no-input", "--verbosity", "0"), environment=environment.site(setup)
    )


def account(setup: Setup) -> Program:
    """Makes the account with which the admin is opened; where there is one of this name, it stays as it is."""
    return Program(
        name="site",
        command=_python("manage.py", "createsuperuser", "--no-input", "--verbosity", "0", "--username", ADMIN, "--email", ""),
        environment=environment.site(setup) | {"DJANGO_SUPERUSER_PASSWORD": setup.state.secrets().admin_password},
    )


def site(setup: Setup, *, demo_model: bool) -> Program:
    options = ("--host", "127.0.0.1", "--port", str(setup.ports.site), "--lifespan", "off", "--no-access-log")
    return Program(
        name="site",
        command=_python("-m", "uvicorn", "polysite.asgi:application", *options, "--timeout-graceful-shutdown", "5"),
        environment=environment.site(setup, demo_model=demo_model),
        ready=f"{setup.url(setup.ports.site)}/healthz",
    )


def set_webhook(setup: Setup) -> Program:
    return Program(name="site", command=_python("manage.py", "set_webhook"), environment=environment.site(setup))


def poll(setup: Setup, *, demo_model: bool) -> Program:
    """Fetches the bot's updates from the real Telegram, in the webhook's place."""
    options = ("--take-over",) if setup.take_over else ()
    return Program(
        name="poll",
        command=_python("manage.py", "poll", *options),
        environment=environment.site(setup, demo_model=demo_model),
        ready="polling Telegram",
    )


def worker(setup: Setup, *, bundle: str) -> Program:
    options = ("--queues", "answers,photos,photos-bulk", "--concurrency", str(setup.concurrency), "--loglevel", "INFO")
    return Program(
        name="worker",
        command=_python("-W", f"ignore:{_AS_ROOT}", "-m", "celery", "--quiet", "-A", "detection.celery", "worker", *options),
        environment=environment.worker(setup, bundle=bundle),
        ready=" ready.",  # Celery's "celery@host ready."
    )


def reconcile(setup: Setup) -> Program:
    """Puts the task in its queue. On AWS, EventBridge does so."""
    return Program(
        name="reconcile",
        command=_python("-m", "celery", "-A", "detection.celery", "call", "detection.tasks.reconcile", "--queue", "answers"),
        environment=environment.shared(setup),
    )


def prepare_model(setup: Setup) -> Program:
    """Writes the path of a model bundle as its last line; may download a model and turn it into one before that."""
    return Program(
        name="model",
        command=_python("-m", "detection.model", "prepare"),
        environment=environment.model(setup.outer),
        seconds=_HOUR,
        own_stderr=False,
    )


def show(setup: Setup, prediction_id: str) -> Program:
    """Writes a prediction as one line of JSON."""
    return Program(name="show", command=_python("-m", "detection", "show", "--", prediction_id), environment=environment.shared(setup))


def fill(setup: Setup, *, predictions: int, seed: int) -> Program:
    """Writes a made-up month of predictions, and says how far it is."""
    command = _python("-m", "detection", "fill", "--predictions", str(predictions), "--seed", str(seed))
    return Program(name="fill", command=command, environment=environment.shared(setup), seconds=_HOUR)


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)
