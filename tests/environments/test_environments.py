"""A worker's environment has no Django and runs a task; the site's has no model and takes an update.

Each is made from one lock alone, by `bin/setup worker` and `bin/setup site`.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests import processes
from tests.bundles import write_cat_bundle
from tests.clouds import Cloud
from tests.emulators import ROOT, free_port
from tests.settings import ENVIRONMENT

ABSENT = {
    "worker": ["django", "rest_framework", "telegram", "torch", "yolov5", "moto"],
    "site": ["torch", "onnxruntime", "cv2", "numpy", "PIL", "moto"],
}
# What they have to have in common; without it, absence would prove nothing.
PRESENT = ["celery", "boto3", "pynamodb"]


def python(name: str) -> str:
    found = ROOT / f".venv/{name}-only/bin/python"
    if not found.exists():
        pytest.skip(f"needs an environment of its own; make it: bin/setup {name}")
    return str(found)


@pytest.mark.parametrize("name", ABSENT)
def test_it_has_what_it_needs_and_nothing_of_the_other(name: str) -> None:
    asked = [*PRESENT, *ABSENT[name]]
    code = f"import importlib.util, json; print(json.dumps([n for n in {asked} if importlib.util.find_spec(n)]))"
    found = subprocess.run([python(name), "-c", code], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    assert json.loads(found.stdout) == PRESENT


def test_a_photo_is_answered_by_a_site_and_a_worker_from_these_environments(cloud: Cloud, tmp_path: Path) -> None:
    port = free_port()
    token = ENVIRONMENT["TELEGRAM_TOKEN"]
    with processes.telegram(token=token, state=tmp_path / "telegram", log=tmp_path / "telegram.log") as api:
        site = cloud.environment | {"TELEGRAM_API_URL": api}
        worker = cloud.environment | {
            "DETECTION_MODEL": str(write_cat_bundle(tmp_path / "bundle")),
            "RESULTS_URL": f"http://127.0.0.1:{port}/results",
        }
        with (
            processes.site(site, port=port, python=python("site"), log=tmp_path / "site.log"),
            processes.worker(worker, python=python("worker"), log=tmp_path / "worker.log") as working,
        ):
            answer = _send_photo(api, token, webhook=f"http://127.0.0.1:{port}/webhook")
            assert "photo" in answer, working.output()
            assert "1 cat (81" in answer["caption"]


def _send_photo(api: str, token: str, *, webhook: str) -> dict[str, Any]:
    """The bot's answer to a photo."""
    with httpx.Client(base_url=api, timeout=20) as client:
        secret = ENVIRONMENT["WEBHOOK_SECRETS"]
        client.post(f"/bot{token}/setWebhook", json={"url": webhook, "secret_token": secret}).raise_for_status()
        chat = client.post("/control/chats", json={}).raise_for_status().json()["id"]
        client.post(f"/control/chats/{chat}/photo", files={"photo": _photo()}).raise_for_status()

        def answer() -> dict[str, Any] | None:
            said = client.get(f"/control/chats/{chat}/messages").raise_for_status().json()["messages"]
            return next((message for message in said if message["from_bot"]), None)

        return processes.wait_for(answer, seconds=40, what="an answer in the chat")


def _photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "olive").save(file, "JPEG")
    return file.getvalue()
