"""Lines with their source's name."""

from __future__ import annotations

import io

import pytest

from sandbox.console import Console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_is_plain_where_no_terminal_is() -> None:
    out = io.StringIO()
    Console(out).line("site", "42-7 stored")
    assert out.getvalue() == "site     | 42-7 stored\n"


def test_on_a_terminal_each_name_keeps_its_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    console = Console(out := Terminal())
    for name in ("site", "worker", "site"):
        console.line(name, "up")
    first, second, third = out.getvalue().splitlines()
    assert first == third == "\x1b[36msite     |\x1b[0m up"
    assert second == "\x1b[35mworker   |\x1b[0m up"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    Console(out := Terminal()).line("site", "up")
    assert out.getvalue() == "site     | up\n"


def test_an_output_that_is_gone_is_no_error() -> None:
    console = Console(out := io.StringIO())
    out.close()
    console.line("site", "up")
