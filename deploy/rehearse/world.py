"""The emulated account: what Terraform and the service are told, so that all of them find it."""

from __future__ import annotations

import json
from dataclasses import dataclass

REGION = "eu-north-1"
ACCOUNT = "123456789012"  # moto's own
# An image of moto's: it knows no Amazon Linux 2023.
AMI = "ami-12c6146b"

# By side: the image that Terraform starts with, another one that works as well, and one that doesn't.
FIRST, NEXT, BROKEN = (
    {"site": f"docker.io/rehearsed/polybot@sha256:{digit * 64}", "workers": f"docker.io/rehearsed/yolo5@sha256:{digit * 64}"}
    for digit in "abc"
)
WORKING = (*FIRST.values(), *NEXT.values())

LOCAL = """
terraform {
  backend "local" {}
}

provider "aws" {
  s3_use_path_style = true
}
"""


def variables() -> dict[str, str]:
    """Terraform's variables for a rehearsal: as small as can be, and to be taken down again."""
    return {
        "region": REGION,
        "availability_zones": json.dumps([f"{REGION}a", f"{REGION}b"]),
        "site_image": FIRST["site"],
        "worker_image": FIRST["workers"],
        "github_repository": "rehearsed/polybot",
        "protected": "false",
        "ami": AMI,
    }


@dataclass(frozen=True)
class Credentials:
    """Keys of the emulated account: anybody's, or those of a role."""

    key: str = "rehearsal"
    secret: str = "rehearsal"  # noqa: S105  # the emulator takes any
    token: str = ""


def environment(endpoint: str, credentials: Credentials = Credentials()) -> dict[str, str]:
    """What libraries and programs read to speak with the emulator at `endpoint`, with these credentials."""
    found = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": credentials.key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return found | ({"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {})
