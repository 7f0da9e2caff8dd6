"""Start a subject's worker as a process of its own group, wait until it takes work, and end it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.subjects import ROOT, Subject, command

START_SECONDS = 90  # on a busy machine


@dataclass
class Bench:
    """Where one run puts its files, and what its workers are told; `tasks` is the file of the tasks' events."""

    folder: Path
    subject: Subject
    queue: str
    url: str
    visibility: int = 30
    workers: list[Worker] = field(default_factory=list)

    @property
    def tasks(self) -> Path:
        return self.folder / "tasks.jsonl"

    @property
    def effects(self) -> Path:
        return self.folder / "effects.sqlite"

    def environment(self, *, node: str, endpoint: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "PYTHONUNBUFFERED": "1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "BENCH_SETTINGS": self.subject.settings,
            "BENCH_QUEUES": json.dumps({self.queue: f"{endpoint}/000000000000/{self.queue}"}),
            "BENCH_VISIBILITY": str(self.visibility),
            "BENCH_TASKS": str(self.tasks),
            "BENCH_EFFECTS": str(self.effects),
            "BENCH_NODE": node,
        }

    def start(
        self,
        *,
        node: str = "a",
        concurrency: int = 2,
        prefetch: int = 1,
        endpoint: str = "",
        within: Sequence[str] = (),
        options: tuple[str, ...] = (),
        wait: bool = True,
    ) -> Worker:
        """A worker; `within` is a command that runs it elsewhere, as `ip netns exec NAME` does."""
        line = [*within, *command(self.subject, concurrency=concurrency, prefetch=prefetch, queue=self.queue, options=options)]
        environment = self.environment(node=node, endpoint=endpoint or self.url.rsplit("/", 2)[0])
        worker = Worker(line, environment, self.folder / f"worker-{node}-{len(self.workers)}.log")
        self.workers.append(worker)
        if wait:
            worker.wait_until_ready()
        return worker

    def end(self) -> None:
        for worker in self.workers:
            worker.kill_all()


class Worker:
    """A worker's main process and, in the same process group, its children."""

    def __init__(self, line: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                line,
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def ready(self) -> bool:
        return " ready." in self.log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Raises RuntimeError with the end of its output where it does not start."""
        if not wait_until(lambda: self.ready or self.process.poll() is not None, seconds=START_SECONDS) or self.process.poll() is not None:
            raise RuntimeError(f"{self.process.args!r} did not start:\n{self.log.read_text(errors='replace')[-3000:]}")

    def send(self, sign: signal.Signals) -> None:
        """Signal the main process alone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(sign)

    def kill_all(self) -> None:
        """SIGKILL the main process and its children; returns when the main one is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def wait_until(look: Callable[[], object], *, seconds: float, every: float = 0.05) -> bool:
    """Whether `look` was true before the time was over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if look():
            return True
        time.sleep(every)
    return bool(look())
