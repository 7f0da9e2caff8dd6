"""Fixtures: Terraform, or a skip that says how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import terraforming


def prepared(folder: Path, *, module: str = "", override: str = "", backend: bool = False) -> Path:
    """As `terraforming.prepared`; the test is skipped where Terraform or its provider is missing."""
    try:
        terraforming.program()
        return terraforming.prepared(folder, module=module, override=override, backend=backend)
    except terraforming.Missing as missing:
        pytest.skip(str(missing))
