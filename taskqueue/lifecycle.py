"""Tell the Auto Scaling group that this instance may go, as its terminating lifecycle hook waits to hear."""

from __future__ import annotations

import logging

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from taskqueue.instance import LIFECYCLE, Metadata, NoMetadata

log = logging.getLogger(__name__)

QUICK = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2})


def complete(metadata: Metadata) -> int:
    """Complete every terminating hook of this instance's group; returns how many. Says why in the log where it can't.

    Without it the group waits for the hook's own timeout, so a failure here costs time and nothing else.
    """
    try:
        instance = metadata.get("instance-id")
        if metadata.get(LIFECYCLE) != "Terminated" or not instance:
            return 0
        region = metadata.get("placement/region")
        return _complete(instance, region)
    except (NoMetadata, BotoCoreError, ClientError) as error:
        log.warning("lifecycle action not completed: %s", error)
        return 0


def _complete(instance: str, region: str | None) -> int:
    client = boto3.client("autoscaling", region_name=region, config=QUICK)
    found = client.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"]
    if not found:
        return 0
    group = found[0]["AutoScalingGroupName"]
    hooks = client.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
    names = [hook["LifecycleHookName"] for hook in hooks if hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"]
    for name in names:
        client.complete_lifecycle_action(
            LifecycleHookName=name, AutoScalingGroupName=group, LifecycleActionResult="CONTINUE", InstanceId=instance
        )
        log.info("lifecycle action %s of %s completed for %s", name, group, instance)
    return len(names)
