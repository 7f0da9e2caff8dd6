"""The settings of one service on AWS: the file of Terraform's variables, which every command reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy import aws

REQUIRED = ("region", "availability_zones", "site_image", "worker_image", "github_repository")
# Terraform's own defaults of what is looked at here; a test compares them with variables*.tf.
DEFAULTS: dict[str, Any] = {
    "name": "polybot",
    "site_instance_type": "t3.micro",
    "worker_instance_type": "t3.medium",
    "worker_min": 2,
    "worker_max": 4,
    "worker_spot": False,
    "database_instance_class": "db.t4g.micro",
    "github_branch": "main",
}


class Refused(Exception):
    """The command can't be done as it was asked; the text says why, and what to do."""


@dataclass(frozen=True)
class Settings:
    """The variables in the file (deploy/terraform/variables*.tf declares them)."""

    path: Path
    values: dict[str, Any]

    def value(self, variable: str) -> Any:
        """What the file says of it, or else Terraform's default. Raises KeyError for one that has none in DEFAULTS."""
        return self.values[variable] if variable in self.values else DEFAULTS[variable]

    @property
    def name(self) -> str:
        """What every name on the account begins with."""
        return str(self.value("name"))

    @property
    def region(self) -> str:
        return str(self.values["region"])

    def client(self, service: str) -> Any:
        """A client in the service's region."""
        return aws.client(service, region=self.region)


def read(path: Path) -> Settings:
    """The settings in this file. Raises Refused where it is not there, is no JSON object, or lacks a variable."""
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        raise Refused(f"{path} is not there: write it as docs/aws.md shows, or name another file with --vars") from None
    except ValueError as error:
        raise Refused(f"{path} is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise Refused(f"{path} has to hold one JSON object, of Terraform's variables")
    if missing := [name for name in REQUIRED if not values.get(name)]:
        raise Refused(f"{path} lacks {', '.join(missing)}: docs/aws.md says what belongs there")
    return Settings(path, values)
