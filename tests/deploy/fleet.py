"""The workers of a test: instances that moto knows nothing of, with the version of the template that each was launched from."""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.deploy.front import Front


@dataclass
class Fleet:
    """One group's instances, in the order in which they were launched."""

    front: Front
    instances: dict[str, int] = field(default_factory=dict)
    good: tuple[str, ...] = ()  # images that work on instances that are launched
    fails: set[str] = field(default_factory=set)  # images whose instances AWS itself finds unhealthy

    def there(self, group: str) -> list[str]:  # noqa: ARG002  # it has one group
        return list(self.instances)

    def launch(self, group: str) -> str:
        ec2 = self.front.client("ec2")
        version = ec2.describe_launch_template_versions(LaunchTemplateName=group, Versions=["$Default"])["LaunchTemplateVersions"][0]
        user_data = base64.b64decode(version["LaunchTemplateData"]["UserData"]).decode()
        instance = f"i-{uuid.uuid4().hex[:17]}"
        self.instances[instance] = version["VersionNumber"]
        image = re.findall(r"^IMAGE=(.*)$", user_data, re.MULTILINE)[0]
        self.front.machine(instance, image, good=self.good)
        return instance

    def end(self, group: str, instance: str) -> None:  # noqa: ARG002
        del self.instances[instance], self.front.machines[instance]

    def is_healthy(self, instance: str) -> bool:
        return self.front.machines[instance].image not in self.fails

    def described(self, text: str) -> str:
        """moto's answer about the group, with these instances in the place of its own; unchanged before one was launched here."""
        if not self.instances:
            return text
        found = "".join(
            f"<member><InstanceId>{instance}</InstanceId><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus>"
            f"<LaunchTemplate><Version>{version}</Version></LaunchTemplate></member>"
            for instance, version in self.instances.items()
        )
        bare = re.sub(r"<Instances>.*?</Instances>|<Instances\s*/>", "", text, flags=re.DOTALL)
        return bare.replace("<AutoScalingGroupName>", f"<Instances>{found}</Instances><AutoScalingGroupName>", 1)
