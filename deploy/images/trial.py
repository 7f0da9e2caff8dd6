"""Both images at work: a photo comes over the site's webhook, a worker takes its task from the emulator, and the answer is in the chat."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from deploy.images.build import IMAGES, ROOT, Builder
from deploy.images.container import Container, started
from deploy.notes import Notes
from deploy.rehearse.processes import free_port, listens, plain, wait_until
from deploy.rehearse.telegram import TOKEN, Telegram, stand_in
from deploy.rehearse.world import REGION

HEALTHY_SECONDS = 60.0
ANSWER_SECONDS = 60.0
SITE = "http://127.0.0.1:8000"  # the image's own port: a container here shares this machine's network
WEBHOOK_SECRET = "a-tried-webhook-secret"  # noqa: S105  # of a site that lives for a minute


class NotWorking(Exception):
    """An image did not do its part; the text is the end of its log."""


def tried(builder: Builder, folder: Path, note: Notes) -> None:
    """Note when each image is healthy, what it answered and how it ended. Raises NotWorking."""
    if listens(8000):
        raise NotWorking("port 8000 of this machine is taken, and the site's image listens there: stop what has it")
    with emulator(folder) as aws, stand_in(folder) as telegram:
        subprocess.run(
            [f"{ROOT}/.venv/bin/python", "-m", "detection", "provision"], cwd=ROOT, env=plain(aws), check=True, capture_output=True
        )
        with started(builder, IMAGES["site"], site(aws, telegram), folder / "site", volume=True) as front:
            _healthy("site", front, note)
            with urlopen(f"{SITE}/healthz", timeout=5) as answer:  # noqa: S310  # ours
                note("answered", f"/healthz answers {answer.status}", image="site", status=answer.status)
            telegram.set_webhook(f"{SITE}/webhook", WEBHOOK_SECRET)
            with started(builder, IMAGES["worker"], worker(aws), folder / "worker", volume=False) as back:
                _healthy("worker", back, note)
                _answered(telegram, front, back, note)
                _stopped("worker", back, note)
            _stopped("site", front, note)


def _healthy(side: str, container: Container, note: Notes) -> None:
    began = time.monotonic()
    wait_until(lambda: container.process.poll() is not None or container.healthy(), seconds=HEALTHY_SECONDS)
    if container.process.poll() is not None or not container.healthy():
        raise NotWorking(f"{side}: not healthy within {HEALTHY_SECONDS:.0f} s; the end of its log:\n{container.output()[-3000:]}")
    seconds = round(time.monotonic() - began, 1)
    note("healthy", f"{side} healthy after {seconds} s", image=side, seconds=seconds)


def _answered(telegram: Telegram, front: Container, back: Container, note: Notes) -> None:
    began, chat = time.monotonic(), telegram.new_chat()
    telegram.send_photo(chat)
    if not wait_until(lambda: telegram.answers(chat), seconds=ANSWER_SECONDS):
        raise NotWorking(f"no answer within {ANSWER_SECONDS:.0f} s. site:\n{front.output()[-2000:]}\nworker:\n{back.output()[-2000:]}")
    text, seconds = telegram.answers(chat)[0].partition("\n")[0], round(time.monotonic() - began, 1)
    note("answered", f"a photo is answered after {seconds} s: {text}", image="worker", text=text, seconds=seconds)


def _stopped(side: str, container: Container, note: Notes) -> None:
    began = time.monotonic()
    status = container.stop()
    note("stopped", f"{side} ended with {status}", image=side, status=status, seconds=round(time.monotonic() - began, 1))


@contextmanager
def emulator(folder: Path) -> Iterator[dict[str, str]]:
    """The embedded AWS, up; what a process is told to find it and what is in it."""
    port = free_port()
    about = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0"}
    with (folder / "aws.log").open("wb") as log:
        process = subprocess.Popen(
            [f"{ROOT}/.venv/ministack/bin/ministack"], env=plain(about), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            if not wait_until(lambda: listens(port), seconds=30):
                raise NotWorking(f"the embedded AWS does not listen: {(folder / 'aws.log').read_text()[-2000:]}")
            yield shared(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(10)


def shared(endpoint: str) -> dict[str, str]:
    """What site and worker are both told."""
    queues = {name: f"{endpoint}/000000000000/polybot-{name}" for name in ("photos", "photos-bulk", "answers")}
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "tried",
        "AWS_SECRET_ACCESS_KEY": "tried",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PHOTOS_BUCKET": "polybot-photos",
        "PHOTOS_QUEUE_URL": queues["photos"],
        "PHOTOS_BULK_QUEUE_URL": queues["photos-bulk"],
        "ANSWERS_QUEUE_URL": queues["answers"],
        "RESULTS_KEYS": "tried:a-tried-results-secret",
        "NO_PROXY": "127.0.0.1",
    }


def site(aws: Mapping[str, str], telegram: Telegram) -> dict[str, str]:
    """What the site is told, besides."""
    return {
        **aws,
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.api,
        "WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "PUBLIC_URL": SITE,
        "DJANGO_SECRET_KEY": "a-tried-secret-key-that-is-long-enough-for-its-purpose",
    }


def worker(aws: Mapping[str, str]) -> dict[str, Any]:
    """What a worker is told, besides."""
    return {**aws, "RESULTS_URL": f"{SITE}/results", "CELERY_WORKER_CONCURRENCY": str(os.cpu_count() or 1)}
