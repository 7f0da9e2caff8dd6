"""An EC2 instance's metadata service (IMDSv2) and the Auto Scaling API, as far as a draining worker speaks with them."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

INSTANCE = "i-0123456789abcdef0"
GROUP, HOOK = "workers", "drain"


@dataclass
class Machine:
    """`metadata` is what stands at each path; `completed` are the lifecycle actions that were completed."""

    metadata: dict[str, str] = field(
        default_factory=lambda: {
            "instance-id": INSTANCE,
            "placement/region": "eu-north-1",
            "autoscaling/target-lifecycle-state": "InService",
        }
    )
    tokens: list[str] = field(default_factory=list)
    completed: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_EC2_METADATA_DISABLED": "false",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url,
            "AWS_ENDPOINT_URL_AUTO_SCALING": self.url,
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def call(self, form: dict[str, list[str]]) -> str:
        """One call of the Auto Scaling API, as its query protocol has it."""
        action = form["Action"][0]
        if action == "DescribeAutoScalingInstances":
            return _xml(
                action,
                f"<AutoScalingInstances><member><AutoScalingGroupName>{GROUP}</AutoScalingGroupName></member></AutoScalingInstances>",
            )
        if action == "DescribeLifecycleHooks":
            hooks = "".join(
                f"<member><LifecycleHookName>{name}</LifecycleHookName><LifecycleTransition>autoscaling:{when}</LifecycleTransition></member>"
                for name, when in ((HOOK, "EC2_INSTANCE_TERMINATING"), ("start", "EC2_INSTANCE_LAUNCHING"))
            )
            return _xml(action, f"<LifecycleHooks>{hooks}</LifecycleHooks>")
        self.completed.append({name: values[0] for name, values in form.items()})
        return _xml(action, "")


def _xml(action: str, result: str) -> str:
    return f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"


def _handler(machine: Machine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            machine.tokens.append(f"token-{len(machine.tokens)}")
            self._answer(200, machine.tokens[-1])

        def do_GET(self) -> None:
            if not machine.tokens or self.headers.get("X-aws-ec2-metadata-token") != machine.tokens[-1]:
                self._answer(401, "")  # as IMDSv2 does
                return
            found = machine.metadata.get(self.path.removeprefix("/latest/meta-data/"))
            self._answer(404 if found is None else 200, found or "")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(200, machine.call(parse_qs(body)))

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Silence."""

    return Handler


def spot_notice(when: str) -> str:
    """What stands at spot/instance-action two minutes before the end."""
    return json.dumps({"action": "terminate", "time": when})
