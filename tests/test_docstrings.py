"""The examples in docstrings say what the code does."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.commands import sources
from tests.emulators import ROOT

WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sources()
    if path.suffix == ".py" and not path.is_relative_to(ROOT / "tests") and "    >>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_its_examples_are_true(module: str) -> None:
    done = doctest.testmod(importlib.import_module(module))
    assert done.attempted > 0
    assert done.failed == 0
