"""The workers' launch template: whole documents, version by version, of which one is the default."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy.aws import code
from deploy.roll.image import in_user_data, put_in_user_data
from deploy.roll.outcome import Refused

_BEFORE = re.compile(r"before: version (\d+)")


@dataclass(frozen=True)
class Version:
    """One version of the template."""

    number: int
    document: dict[str, Any]
    description: str

    @property
    def image(self) -> str:
        """The image that its user data names. Raises Refused where that is not one line."""
        try:
            return in_user_data(self._user_data)
        except ValueError as error:
            raise Refused(f"version {self.number} of the launch template: {error}") from None

    @property
    def before(self) -> int | None:
        """The number of the version that was the default before the roll that made this one."""
        found = _BEFORE.search(self.description)
        return int(found[1]) if found else None

    def with_image(self, image: str) -> dict[str, Any]:
        """Its whole document with this image: a version that inherits could differ from what was looked at."""
        return self.document | {"UserData": base64.b64encode(put_in_user_data(self._user_data, image).encode()).decode()}

    @property
    def _user_data(self) -> str:
        return base64.b64decode(self.document.get("UserData", "")).decode()


@dataclass(frozen=True)
class Template:
    """The launch template of this name."""

    ec2: Any
    name: str

    def read(self, version: str) -> Version:
        """A version by its number, or $Default or $Latest. Raises Refused where there is no such template."""
        try:
            found = self.ec2.describe_launch_template_versions(LaunchTemplateName=self.name, Versions=[version])["LaunchTemplateVersions"]
        except ClientError as error:
            if code(error).startswith("InvalidLaunchTemplateName"):
                raise Refused(f"there is no launch template {self.name}: has `python -m deploy up` been run?") from None
            raise
        shape = self.ec2.meta.service_model.shape_for("RequestLaunchTemplateData")
        return Version(found[0]["VersionNumber"], _sendable(found[0]["LaunchTemplateData"], shape), found[0].get("VersionDescription", ""))

    def add(self, default: Version, image: str) -> Version:
        """A version like the default with this image; the one that an interrupted roll made just so, where there is one."""
        document = default.with_image(image)
        description = f"before: version {default.number}; {image.rpartition('@')[2]}"
        latest = self.read("$Latest")
        if (latest.document, latest.description) == (document, description):
            return latest
        return self._made(document, description)

    def again(self, number: int) -> Version:
        """A version like this earlier one: Terraform starts from the newest when it changes the template, so that has to be a good one."""
        return self._made(self.read(str(number)).document, f"version {number} again")

    def make_default(self, number: int) -> None:
        """What the group launches from now on."""
        self.ec2.modify_launch_template(LaunchTemplateName=self.name, DefaultVersion=str(number))

    def _made(self, document: dict[str, Any], description: str) -> Version:
        made = self.ec2.create_launch_template_version(
            LaunchTemplateName=self.name, LaunchTemplateData=document, VersionDescription=description
        )["LaunchTemplateVersion"]
        return Version(made["VersionNumber"], document, description)


def _sendable(value: Any, shape: Any) -> Any:
    """What AWS takes of what it gave: an answer has fields that a request must not have, such as the state of MetadataOptions."""
    match shape.type_name:
        case "structure":
            return {name: _sendable(one, shape.members[name]) for name, one in value.items() if name in shape.members}
        case "list":
            return [_sendable(one, shape.member) for one in value]
    return value
