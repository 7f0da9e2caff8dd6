"""The end of a worker's instance: its metadata say that it is to go, and the worker lets it go."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from deploy.rehearse.processes import wait_until
from deploy.rehearse.service import Service
from deploy.rehearse.world import REGION


def lets_its_instance_go(service: Service) -> bool:
    """The Auto Scaling group wants the instance back: the worker drains, ends, and says so."""
    groups = service.account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    server = _Metadata(groups[0]["Instances"][0]["InstanceId"])
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with service.worker(metadata=f"http://127.0.0.1:{server.server_address[1]}") as worker:
            server.state = "Terminated"
            wait_until(lambda: worker.process.poll() is not None, seconds=40)
            return f"lifecycle action {service.name}-worker-drain of {service.name}-worker completed" in worker.output()
    finally:
        server.shutdown()
        server.server_close()


class _Metadata(ThreadingHTTPServer):
    """An instance's metadata service, as far as a worker asks it."""

    def __init__(self, instance: str) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.instance = instance
        self.state = "InService"


class _Asked(BaseHTTPRequestHandler):
    server: _Metadata

    def do_PUT(self) -> None:
        self._say(200, "a-token")

    def do_GET(self) -> None:
        known = {
            "instance-id": self.server.instance,
            "autoscaling/target-lifecycle-state": self.server.state,
            "placement/region": REGION,
        }
        path = self.path.removeprefix("/latest/meta-data/")
        self._say(*((200, known[path]) if path in known else (404, "")))

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing: what matters is in the worker's log."""
