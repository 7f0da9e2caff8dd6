"""Tell Telegram where to deliver: `manage.py set_webhook`, run in the container of a site instance."""

from __future__ import annotations

import base64
from typing import Any

from deploy.operations.settings import Refused, Settings
from deploy.roll import machines
from deploy.roll.machines import CommandFailed
from deploy.roll.pace import Pace

# At the first start the secrets were empty; what starts the container is run again at once instead of by its timer.
WAIT = "systemctl start polybot.service || true\ntimeout 600 sh -c 'until docker exec polybot true 2>/dev/null; do sleep 5; done'"


def tell(settings: Settings, *, certificate: str, ssm: Any, pace: Pace) -> str:
    """What Telegram knows afterwards. `certificate` is uploaded where it is self-signed; empty otherwise. Raises Refused."""
    found = machines.running(settings.client("ec2"), service=settings.name, side="site")
    if not found:
        raise Refused(f"no running instance has the tags Service={settings.name} and Side=site")
    try:
        return machines.run(ssm, found[0], script(certificate), seconds=720, pace=pace).strip()
    except CommandFailed as failed:
        raise Refused(f"set_webhook on {found[0]}: {failed}\nRun `python -m deploy up` again, or see docs/aws.md") from None


def script(certificate: str) -> str:
    """The commands on the instance. A certificate is no secret; its key is not given to this."""
    if not certificate:
        return f"set -e\n{WAIT}\ndocker exec polybot python manage.py set_webhook"
    encoded = base64.b64encode(certificate.encode()).decode()
    return (
        f"set -e\n{WAIT}\necho {encoded} | base64 -d | docker exec -i polybot sh -c 'cat >/tmp/certificate.pem'\n"
        "docker exec polybot python manage.py set_webhook --certificate /tmp/certificate.pem"
    )
