"""Networks for workers that can be cut off: a network namespace each where that is allowed, else an address of the loopback each."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.faults import Kind
from benchmarks.sqs_control import Stand

_numbers = itertools.count()


@dataclass(frozen=True)
class Node:
    """`host` is where the server listens for it; `within` runs a command in it; `link` is the host's end of its cable, if it has one."""

    host: str
    within: tuple[str, ...] = ()
    link: str = ""

    @property
    def how(self) -> str:
        return (
            "network namespaces, the link down"
            if self.link
            else "no network namespaces here: the server stops answering on the node's address"
        )

    def cut(self, server: Stand, seconds: float) -> None:
        """No packet passes any more, in both directions, and nobody is told."""
        if self.link:
            _ip("link", "set", self.link, "down")
        else:
            server.fault(Kind.HALF_OPEN, seconds=seconds, hosts=[self.host])

    def join(self) -> None:
        """Packets pass again; without a link the server's fault ends by itself."""
        if self.link:
            _ip("link", "set", self.link, "up")


@contextlib.contextmanager
def nodes(number: int) -> Iterator[list[Node]]:
    """So many nodes, gone on leaving."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(_namespace() if available() else _address(n)) for n in range(number)]


def available() -> bool:
    """Whether network namespaces can be made here: Linux, root, iproute2."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    name = f"bench-{os.getpid()}-try{next(_numbers)}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode == 0
    if made:
        _ip("netns", "del", name)
    return made


@contextlib.contextmanager
def _namespace() -> Iterator[Node]:
    number, chance = next(_numbers), random.SystemRandom()
    # By chance, since another run on this machine must not have the same: its route would be taken once this link was down.
    subnet = f"10.{chance.randrange(128, 255)}.{chance.randrange(256)}"
    name, link = f"bench-{os.getpid()}-{number}", f"bn{os.getpid() % 100_000}h{number}"
    peer = link.replace("h", "n")
    _ip("netns", "add", name)
    try:
        _ip("link", "add", link, "type", "veth", "peer", "name", peer, "netns", name)
        _ip("addr", "add", f"{subnet}.1/30", "dev", link)
        _ip("link", "set", link, "up")
        for inside in (("addr", "add", f"{subnet}.2/30", "dev", peer), ("link", "set", peer, "up"), ("link", "set", "lo", "up")):
            _ip("-n", name, *inside)
        yield Node(f"{subnet}.1", ("ip", "netns", "exec", name), link)
    finally:
        _ip("netns", "del", name)


@contextlib.contextmanager
def _address(number: int) -> Iterator[Node]:
    yield Node(f"127.0.0.{number + 1}")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
