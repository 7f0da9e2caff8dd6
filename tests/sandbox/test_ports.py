"""Ports: free ones, and words about taken ones."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator

import pytest

from sandbox.ports import HOST, Ports, PortTaken, check, free_ports, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        yield server.getsockname()[1]


def test_free_ports_are_three_and_pass() -> None:
    ports = free_ports()
    assert len({ports.chat, ports.site, ports.aws}) == 3
    check(ports)


def test_a_taken_port_is_named_with_its_owner_and_a_way_out(taken: int) -> None:
    free = free_ports()
    with pytest.raises(PortTaken) as raised:
        check(Ports(chat=free.chat, site=taken, aws=free.aws))
    sentence = str(raised.value)
    assert sentence.startswith(f"port {taken}, for the site, is taken by ")
    assert f"(process {os.getpid()})" in sentence
    suggested = re.search(r"choose another one: --site-port (\d+)$", sentence)
    assert suggested
    assert is_free(int(suggested[1]))


def test_every_taken_port_is_named_at_once(taken: int) -> None:
    with pytest.raises(PortTaken) as raised:
        check(Ports(chat=taken, site=free_ports().site, aws=taken))
    assert re.findall(r"^port (\d+), for (.+?), is taken", str(raised.value), re.MULTILINE) == [
        (str(taken), "the chat page"),
        (str(taken), "the embedded AWS"),
    ]


def test_without_a_chat_page_its_port_does_not_matter(taken: int) -> None:
    free = free_ports()
    check(Ports(chat=taken, site=free.site, aws=free.aws), with_chat=False)


def test_one_port_for_two_is_refused() -> None:
    free = free_ports()
    with pytest.raises(PortTaken, match="must differ"):
        check(Ports(chat=free.chat, site=free.chat, aws=free.aws))


def test_what_a_closed_connection_leaves_behind_does_not_count() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection((HOST, port)) as client:
            server.accept()[0].close()  # the side that closes first keeps the port in TIME_WAIT
            client.recv(1)
    assert is_free(port)
