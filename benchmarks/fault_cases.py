"""The faults of `make bench-faults`: for each what is set up, what is done to it, and how long it may take to recover."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks import events, messages
from benchmarks.events import Event, Log
from benchmarks.faults import Kind
from benchmarks.messages import QUEUE
from benchmarks.networks import Node
from benchmarks.sqs_control import Stand
from benchmarks.subjects import ROOT
from benchmarks.workers import Bench, wait_until


@dataclass
class Scene:
    """One row while it is played. `scale` shortens the faults of a smoke run."""

    bench: Bench
    server: Stand
    note: Log
    scale: float = 1.0
    count: int = 0
    nodes: list[Node] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)  # of what should run to its end: key → message id
    bodies: dict[str, str] = field(default_factory=dict)  # body → key, of everything

    def put(self, make: Callable[[str], str], *, number: int = 1, poison: bool = False) -> list[str]:
        """Send messages past the fault; returns their keys."""
        keys = [f"k{self.count + n}" for n in range(number)]
        self.count += number
        for key in keys:
            text = make(key)
            self.bodies[text] = key
            [name] = self.server.send(QUEUE, [text])
            self.note("put", key=key, id=name, poison=poison)
            if not poison:
                self.keys[key] = name
        return keys

    def started(self, *, since: float = 0.0, node: str | None = None) -> list[Event]:
        return [e for e in events.of(events.read(self.bench.tasks), "start") if e["t"] >= since and node in (None, e["node"])]

    def all_done(self) -> bool:
        """Whether all that should end has ended, and nothing good is left in the queue."""
        ended = {e["key"] for e in events.of(events.read(self.bench.tasks), "end")}
        return ended >= set(self.keys) and not {m["id"] for m in self.server.messages(QUEUE)} & set(self.keys.values())

    def settled(self) -> bool:
        """Whether all is done and no second run of anything is under way."""
        tasks = events.read(self.bench.tasks)
        return self.all_done() and len(events.of(tasks, "start")) == len(events.of(tasks, "end"))

    def strike(self, act: Callable[[], object]) -> None:
        self.note("struck")
        act()

    @contextmanager
    def feed(self, make: Callable[[str], str], *, every: float = 0.5) -> Iterator[None]:
        """A steady trickle of tasks meanwhile."""
        over = threading.Event()

        def trickle() -> None:
            while not over.wait(every):
                self.put(make)

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def nap(seconds: float) -> Callable[[str], str]:
    return lambda key: messages.body("bench.nap", key, seconds)


@dataclass(frozen=True)
class Case:
    """`expects`: which bars apply besides "nothing lost", with commas: resumed, seen again, drained, run once."""

    name: str
    play: Callable[[Scene], None]
    expects: str = ""
    visibility: int = 30
    max_receives: int = 20
    nodes: int = 0  # how many networks of their own the workers need


def outage(kind: Kind, seconds: float, patience: float) -> Callable[[Scene], None]:
    """The network or SQS fails while tasks trickle in; afterwards there is time to resume and to end what came."""

    def play(scene: Scene) -> None:
        lasting = seconds * scene.scale
        scene.bench.start(prefetch=2)
        with scene.feed(nap(0.05)):
            wait_until(scene.started, seconds=20)
            time.sleep(1)
            scene.note("began")
            scene.server.fault(kind, seconds=lasting)
            time.sleep(lasting)
            scene.note("over")
            over = time.time()
            wait_until(lambda: scene.started(since=over + 0.5), seconds=patience)
        if scene.started(since=over + 0.5):
            wait_until(scene.all_done, seconds=scene.bench.visibility + 15)

    return play


def long_task(scene: Scene) -> None:
    seconds = 3 * scene.bench.visibility * scene.scale
    scene.bench.start(prefetch=2)
    scene.put(nap(seconds))
    wait_until(scene.settled, seconds=seconds + 2 * scene.bench.visibility)


def drain(scene: Scene) -> None:
    """SIGTERM while one task runs and nine wait in the worker; another worker comes at once."""
    worker = scene.bench.start(concurrency=1, prefetch=10)
    scene.put(nap(2), number=10)
    wait_until(scene.started, seconds=20)
    time.sleep(0.5)
    scene.strike(lambda: worker.send(signal.SIGTERM))
    scene.bench.start(node="b", concurrency=4)
    wait_until(scene.all_done, seconds=scene.bench.visibility + 40)


def kill_child(scene: Scene) -> None:
    scene.bench.start(concurrency=2, prefetch=2)
    scene.put(nap(3), number=4)
    wait_until(scene.started, seconds=20)
    time.sleep(0.5)
    victim = scene.started()[0]["pid"]
    scene.strike(lambda: os.kill(victim, signal.SIGKILL))
    scene.note("over")
    scene.put(nap(0.1), number=2)
    wait_until(scene.all_done, seconds=scene.bench.visibility + 30)


def kill_main(scene: Scene) -> None:
    """Another worker is there already, with room for all of it."""
    worker = scene.bench.start(concurrency=2, prefetch=2)
    scene.put(nap(3), number=4)
    wait_until(scene.started, seconds=20)
    time.sleep(0.5)
    scene.bench.start(node="b", concurrency=4, wait=False)
    scene.strike(lambda: worker.send(signal.SIGKILL))
    wait_until(scene.all_done, seconds=scene.bench.visibility + 40)


def partition(scene: Scene) -> None:
    """Node a is cut off for longer than the visibility timeout, then comes back; node b goes on."""
    a, b = scene.nodes
    scene.bench.start(node="a", endpoint=scene.server.endpoints[0], within=a.within, prefetch=2)
    scene.bench.start(node="b", endpoint=scene.server.endpoints[1], within=b.within, prefetch=2)
    lasting = 40 * scene.scale
    with scene.feed(nap(1), every=0.6):
        wait_until(lambda: scene.started(node="a") and scene.started(node="b"), seconds=30)
        time.sleep(2)
        scene.strike(lambda: a.cut(scene.server, lasting))
        time.sleep(lasting)
        a.join()
        scene.note("over", node="a")
        over = time.time()
        wait_until(lambda: scene.started(since=over + 0.5, node="a"), seconds=45)
    wait_until(scene.settled, seconds=scene.bench.visibility + 15)


def poison(make: Callable[[str], str]) -> Callable[[Scene], None]:
    """A message that can never succeed, good ones before and behind it."""

    def play(scene: Scene) -> None:
        scene.bench.start(prefetch=2)
        scene.put(nap(0.1), number=2)
        wait_until(scene.started, seconds=20)
        scene.put(make, poison=True)
        time.sleep(1)  # for it to do what it does
        scene.note("over")
        scene.put(nap(0.1), number=3)
        wait_until(lambda: scene.all_done() and scene.server.messages(f"{QUEUE}-dead"), seconds=60)

    return play


def oversize(scene: Scene) -> None:
    """A task of 2 MB is sent by the subject's own app, over the limit of 1 MiB."""
    scene.bench.start(prefetch=2)
    environment = scene.bench.environment(node="sender", endpoint=scene.server.endpoint)
    line = [str(ROOT / scene.bench.subject.python), "-m", "benchmarks.send_big"]
    ended = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode == 0:  # it said that it was sent: then it has to arrive
        scene.note("put", key="big", id="none", poison=False)
    scene.note("said", said=(ended.stderr.strip().splitlines() or [""])[-1][:300])
    scene.note("over")
    scene.put(nap(0.1), number=2)
    wait_until(scene.all_done, seconds=20)


def expired_receipts(scene: Scene) -> None:
    """All receipts become worthless while two tasks run and two wait in the worker."""
    scene.bench.start(prefetch=2)
    scene.put(nap(3), number=4)
    wait_until(scene.started, seconds=20)
    time.sleep(1)
    scene.server.command("revoke", queue=QUEUE)
    scene.note("over")
    scene.put(nap(0.1), number=2)
    wait_until(scene.settled, seconds=scene.bench.visibility + 40)


def _outage(name: str, kind: Kind, seconds: float, patience: float = 30) -> Case:
    return Case(f"{name} {seconds:g} s", outage(kind, seconds, patience), expects="resumed")


def _poison(name: str, make: Callable[[str], str]) -> Case:
    return Case(f"poison: {name}", poison(make), expects="resumed", visibility=5, max_receives=3)


CASES = [
    _outage("refused", Kind.REFUSE, 20),
    _outage("503", Kind.UNAVAILABLE, 20),
    _outage("403", Kind.EXPIRED_TOKEN, 20),
    _outage("throttled", Kind.THROTTLED, 20),
    _outage("half-open", Kind.HALF_OPEN, 60, 45),
    _outage("answers cut in the middle", Kind.CUT, 20),
    _outage("slow answers (5 s)", Kind.SLOW, 20),
    _outage("malformed answers", Kind.MALFORMED, 20),
    Case("a task of 3 × the visibility timeout", long_task, expects="run once"),
    Case("SIGTERM with prefetched work", drain, expects="drained"),
    Case("SIGKILL of a child", kill_child, expects="resumed"),
    Case("SIGKILL of the main process", kill_main, expects="seen again"),
    Case("two nodes, one cut off and back", partition, expects="resumed, seen again", nodes=2),
    _poison("not base64", messages.not_base64),
    _poison("not JSON", messages.not_json),
    _poison("unknown task", messages.unknown_task),
    _poison("wrong arguments", messages.wrong_arguments),
    _poison("undecodable body of a known task", messages.undecodable),
    _poison("always raises", messages.fails),
    _poison("kills its process", messages.dies),
    Case("oversize message", oversize, expects="resumed"),
    Case("expired receipt handles", expired_receipts, expects="resumed"),
]


def left(scene: Scene) -> dict[str, list[str]]:
    """Keys of what is in the queue and in the dead-letter queue with the body that was sent: our code may have moved it under a new id."""
    found = {}
    for name, queue in (("queue", QUEUE), ("dead", f"{QUEUE}-dead")):
        found[name] = [scene.bodies[m["body"]] for m in scene.server.messages(queue) if m["body"] in scene.bodies]
    return found
