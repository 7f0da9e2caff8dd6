"""The whole environment of each process: what is named here and nothing else, so that no process holds a secret it has no use for.

A worker gets no bot token, no Django secret and no database; the site gets no model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.ports import HOST, Ports
from sandbox.state import State
from sandbox.telegram.settings import DEFAULT_TOKEN

Environment = dict[str, str]

_SYSTEM = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_NETWORK = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"),
)
_PREFIX = "polybot"
_ACCOUNT = "000000000000"  # the embedded AWS's own
# The embedded AWS has them too: it takes any for a request, and checks the signature of a link to a photo.
_KEYS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One sandbox: where it is, what it is told, and the environment it was started in (of which little is handed on)."""

    state: State
    ports: Ports
    outer: Mapping[str, str]
    concurrency: int = 2
    reconcile_seconds: float = 60.0
    take_over: bool = False
    """With a real token: the webhook that its bot has somewhere is deleted, or its updates can't be polled."""

    @property
    def is_real(self) -> bool:
        """A bot's real token is there: Telegram itself is polled, and no stand-in runs."""
        return bool(self.outer.get("TELEGRAM_TOKEN"))

    def url(self, port: int) -> str:
        return f"http://{HOST}:{port}"


def base(outer: Mapping[str, str]) -> Environment:
    """What any process needs to run at all. This machine's own addresses are never asked of a proxy."""
    local = ",".join(filter(None, [outer.get("NO_PROXY") or outer.get("no_proxy"), HOST, "localhost"]))
    kept = {name: outer[name] for name in (*_SYSTEM, *_NETWORK) if name in outer}
    return kept | {"NO_PROXY": local, "no_proxy": local, "PYTHONUNBUFFERED": "1"}


def aws(setup: Setup) -> Environment:
    """For the embedded AWS itself."""
    return base(setup.outer) | {
        "GATEWAY_PORT": str(setup.ports.aws),
        "BIND_HOST": HOST,  # its own default is every interface
        **_KEYS,
        "SERVICES": "s3,sqs,dynamodb",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(setup.state.aws),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(setup.state.aws / "s3"),
    }


def shared(setup: Setup) -> Environment:
    """What the site and the workers share. Nothing in it leads to a real account, and ~/.aws is not read."""
    queues = f"{setup.url(setup.ports.aws)}/{_ACCOUNT}/{_PREFIX}"
    return base(setup.outer) | {
        "AWS_ENDPOINT_URL": setup.url(setup.ports.aws),
        "AWS_DEFAULT_REGION": "us-east-1",
        **_KEYS,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PHOTOS_BUCKET": f"{_PREFIX}-photos",
        "TABLE_PREFIX": _PREFIX,
        "PHOTOS_QUEUE_URL": f"{queues}-photos",
        "PHOTOS_BULK_QUEUE_URL": f"{queues}-photos-bulk",
        "ANSWERS_QUEUE_URL": f"{queues}-answers",
        "RESULTS_KEYS": f"sandbox:{setup.state.secrets().results_key}",
    }


def site(setup: Setup, *, demo_model: bool = False) -> Environment:
    """For the site and for `manage.py`: the bot's token and Django's secret, and no model but whether it is the demo's."""
    return shared(setup) | {
        **(_real_telegram(setup) if setup.is_real else _stand_in(setup)),
        "WEBHOOK_SECRETS": setup.state.secrets().webhook_secret,
        "PUBLIC_URL": setup.url(setup.ports.site),
        "ALLOWED_HOSTS": "localhost",
        "DJANGO_SECRET_KEY": setup.state.secrets().django_secret_key,
        "DATABASE_PATH": str(setup.state.database),
        "DEMO_MODEL": str(demo_model).lower(),
    }


def worker(setup: Setup, *, bundle: str) -> Environment:
    """For Celery's workers: the model, and neither a bot token nor anything of Django's."""
    return shared(setup) | {
        "DETECTION_MODEL": bundle,
        "RESULTS_URL": f"{setup.url(setup.ports.site)}/results",
        "OMP_NUM_THREADS": "1",  # one process for each processor is faster than threads that share them
    }


def telegram(setup: Setup) -> Environment:
    """For the stand-in of Telegram."""
    return base(setup.outer) | {"TELEGRAM_TOKEN": DEFAULT_TOKEN}


def model(outer: Mapping[str, str]) -> Environment:
    """For the preparation of the model, which may be anywhere: also on S3, with the credentials of whoever started the sandbox."""
    own = {name: value for name, value in outer.items() if name == "DETECTION_MODEL" or name.startswith("AWS_")}
    return base(outer) | own


def _real_telegram(setup: Setup) -> Environment:
    return {name: setup.outer[name] for name in ("TELEGRAM_TOKEN", "TELEGRAM_API_URL") if setup.outer.get(name)}


def _stand_in(setup: Setup) -> Environment:
    return {"TELEGRAM_TOKEN": DEFAULT_TOKEN, "TELEGRAM_API_URL": setup.url(setup.ports.chat)}
