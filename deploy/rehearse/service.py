"""The service on the rehearsed account: site and workers as processes, told what user data tells an instance, and with its role."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from deploy.rehearse.account import Account
from deploy.rehearse.desk import PASSWORD
from deploy.rehearse.processes import ROOT, Running, ended, free_port, listens, started
from deploy.rehearse.telegram import TOKEN, Telegram
from deploy.rehearse.world import Credentials, environment

# What `deploy up` puts into the secrets.
VALUES = {
    "telegram-token": TOKEN,
    "webhook-secrets": "a-rehearsed-webhook-secret",
    "results-keys": "rehearsed:a-rehearsed-results-secret",
    "django-secret-key": "a-rehearsed-secret-key-that-is-long-enough-for-its-purpose",
}
ROLES = ("site", "schedule", "worker", "workflow")
VARIABLES = {
    "telegram-token": "TELEGRAM_TOKEN",
    "webhook-secrets": "WEBHOOK_SECRETS",
    "results-keys": "RESULTS_KEYS",
    "django-secret-key": "DJANGO_SECRET_KEY",
}


@dataclass(frozen=True)
class Service:
    """Where everything is, and who it is."""

    account: Account
    name: str
    telegram: Telegram
    folder: Path
    credentials: dict[str, Credentials]  # by role
    told: dict[str, dict[str, str]]  # by side: the environment in its user data
    instance: str  # one of the site's
    database: str  # where the secret of the site's database is
    port: int
    numbers: Iterator[int]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook(self) -> str:
        return f"{self.address}/webhook"

    @property
    def bucket(self) -> str:
        """Of the photos."""
        return self.told["site"]["PHOTOS_BUCKET"]

    def queue(self, name: str) -> str:
        """Its URL; of a dead-letter queue, too."""
        return self.told["site"]["PHOTOS_QUEUE_URL"].removesuffix("photos") + name

    def secrets(self, side: str) -> dict[str, str]:
        """The side's secrets, read with its role as polybot-start does."""
        client = self.account.client("secretsmanager", self.credentials[side])
        names = {f"{self.name}/{name}": variable for name, variable in VARIABLES.items() if side == "site" or name == "results-keys"}
        if side == "site":
            names[self.database] = "DATABASE_SECRET"
        return {variable: client.get_secret_value(SecretId=name)["SecretString"] for name, variable in names.items()}

    def environment(self, role: str) -> dict[str, str]:
        """What leads a program to the account, with this role."""
        return environment(self.account.endpoint, self.credentials[role])

    def worker_user_data(self) -> str:
        """Of the worker's that would be launched now."""
        return _worker_user_data(self.account, self.name)

    def site_environment(self) -> dict[str, str]:
        """What the site's container has. What leads to load balancers leads to this machine, since the emulator's forward nothing, and
        Django's own tables are in a file, since it has no database server.
        """
        here = {
            "PUBLIC_URL": self.address,
            "TELEGRAM_API_URL": self.telegram.api,
            "DATABASE_HOST": "",
            "DATABASE_PATH": str(self.folder / "site.sqlite3"),
        }
        return self.told["site"] | self.environment("site") | self.secrets("site") | here

    def worker_environment(self) -> dict[str, str]:
        """What a worker's container has; see `site_environment`."""
        here = {
            "RESULTS_URL": f"{self.address}/results",
            "DETECTION_MODEL": str(ROOT / "detection" / "model" / "demo" / "bundle"),
        }
        return self.told["worker"] | self.environment("worker") | self.secrets("worker") | here

    def manage(self, *arguments: str) -> str:
        """What `manage.py …` prints on the site. Raises RuntimeError with it where that fails."""
        done = ended("manage.py", *arguments, environment=self.site_environment() | {"DJANGO_SUPERUSER_PASSWORD": PASSWORD})
        if done.returncode != 0:
            raise RuntimeError(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def site(self) -> Iterator[Running]:
        """A site that answers; Telegram is told of it."""
        command = ("uvicorn", "polysite.asgi:application", "--port", str(self.port), "--lifespan", "off", "--no-access-log")
        log = self.log("site")
        with started(*command, environment=self.site_environment(), log=log, ready=lambda _: listens(self.port)) as running:
            self.telegram.set_webhook(self.webhook, VALUES["webhook-secrets"])
            yield running

    @contextmanager
    def worker(self, metadata: str = "") -> Iterator[Running]:
        """A worker that takes tasks. `metadata` is the address of its instance's metadata service; without, it looks for none."""
        about = self.worker_environment()
        if metadata:
            about |= {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata}
        command = ("celery", "-A", "detection.celery", "worker", "--queues", "answers,photos,photos-bulk", "--concurrency", "1")
        with started(*command, environment=about, log=self.log("worker"), ready=lambda running: " ready." in running.output()) as running:
            yield running

    def log(self, what: str) -> Path:
        """A file of its own for the output of one more program."""
        return self.folder / f"{next(self.numbers)}-{what}.log"


def opened(account: Account, name: str, telegram: Telegram, folder: Path) -> Service:
    """The service that Terraform made room for under this name; its secrets are put, and its roles assumed."""
    manager = account.client("secretsmanager")
    for secret, value in VALUES.items():
        manager.put_secret_value(SecretId=f"{name}/{secret}", SecretString=value)
    instance = _instance(account, name)
    value = account.client("ec2").describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"]["Value"]
    site = base64.b64decode(value).decode()
    return Service(
        account=account,
        name=name,
        telegram=telegram,
        folder=folder,
        credentials={role: account.assumed(f"{name}-{role}") for role in ROLES},
        told={"site": _told(site), "worker": _told(_worker_user_data(account, name))},
        instance=instance,
        database=_database(site),
        port=free_port(),
        numbers=count(1),
    )


def _told(user_data: str) -> dict[str, str]:
    """What stands in /etc/polybot/environment after this user data ran."""
    found = re.search(r"^cat >/etc/polybot/environment <<'END'\n(.*?)^END$", user_data, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError("the user data writes no /etc/polybot/environment")
    return dict(line.split("=", 1) for line in found[1].splitlines())


def _database(user_data: str) -> str:
    """The name of the secret that this user data reads the database's account from."""
    found = re.search(r"^database=\$\(secret (\S+)\)$", user_data, re.MULTILINE)
    if not found:
        raise ValueError("the user data reads no secret of a database")
    return found[1]


def _instance(account: Account, name: str) -> str:
    wanted = [{"Name": "tag:Service", "Values": [name]}, {"Name": "tag:Side", "Values": ["site"]}]
    return str(account.client("ec2").describe_instances(Filters=wanted)["Reservations"][0]["Instances"][0]["InstanceId"])


def _worker_user_data(account: Account, name: str) -> str:
    ec2 = account.client("ec2")
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName=f"{name}-worker", Versions=["$Default"])["LaunchTemplateVersions"]
    return base64.b64decode(version["LaunchTemplateData"]["UserData"]).decode()
