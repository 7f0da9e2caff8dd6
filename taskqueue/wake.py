"""Call something in the event loop's thread, from any thread and from a signal handler."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Wake:
    """A pair of sockets, one end of which the loop reads."""

    def __init__(self, hub: Any, callback: Callable[[], None]) -> None:
        self._hub = hub
        self._callback = callback
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)
        hub.add_reader(self._reader, self._on_readable)

    def __call__(self) -> None:
        # Full: the loop is woken already. Closed: there is nobody to wake.
        with suppress(OSError):
            self._writer.send(b"\0")

    def close(self) -> None:
        if self._reader.fileno() >= 0:
            # The hub may have been closed before us, and has forgotten it then.
            with suppress(OSError, KeyError, AttributeError):
                self._hub.remove(self._reader)
            self._reader.close()
            self._writer.close()

    def _on_readable(self) -> None:
        with suppress(OSError):
            self._reader.recv(4096)
        self._callback()
