"""The three ports of a sandbox: free ones for a demo, and a clear word about one that is taken."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import psutil

HOST = "127.0.0.1"
_BELOW_EPHEMERAL = range(20_000, 32_000)  # systems take the ports of outgoing connections from above, so these stay free


@dataclass(frozen=True, kw_only=True)
class Ports:
    chat: int = 8080
    site: int = 8000
    aws: int = 4566


_WHAT = {
    "chat": ("the chat page", "--port"),
    "site": ("the site", "--site-port"),
    "aws": ("the embedded AWS", "--aws-port"),
}


class PortTaken(Exception):
    """One or more ports are taken. The message names each, who has it where that can be seen, and what to do."""


def check(ports: Ports, *, with_chat: bool = True) -> None:
    """Raise PortTaken unless every port is free, each for one use. Without a chat page its port doesn't matter."""
    numbers = {name: port for name, port in asdict(ports).items() if with_chat or name != "chat"}
    taken = {name: port for name, port in numbers.items() if not is_free(port)}
    if taken:
        raise PortTaken("\n".join(_taken(name, port, others=numbers.values()) for name, port in taken.items()))
    if len(set(numbers.values())) < len(numbers):
        raise PortTaken("the chat page, the site and the embedded AWS need a port each: --port, --site-port and --aws-port must differ")


def is_free(port: int) -> bool:
    """Whether a server could listen there now. (As servers do it: what a closed connection left behind does not count.)"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports() -> Ports:
    """Three ports that are free now. Chosen at random, so that sandboxes started at the same moment don't choose the same."""
    chosen: list[int] = []
    while len(chosen) < 3:
        port = random.choice(_BELOW_EPHEMERAL)  # noqa: S311 - no secret
        if port not in chosen and is_free(port):
            chosen.append(port)
    chat, site, aws = chosen
    return Ports(chat=chat, site=site, aws=aws)


def _taken(name: str, port: int, *, others: Iterable[int]) -> str:
    what, option = _WHAT[name]
    other = next(number for number in range(port + 1, 65_536) if number not in others and is_free(number))
    return f"port {port}, for {what}, is taken{_by(port)}. Stop what uses it, or choose another one: {option} {other}"


def _by(port: int) -> str:
    """` by NAME (process 123)` where the system lets us see it, else nothing."""
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid]
        owners = [c.pid for c in listening if c.laddr and c.laddr.port == port]
        return f" by {psutil.Process(owners[0]).name()} (process {owners[0]})" if owners else ""
    except psutil.Error:
        return ""
