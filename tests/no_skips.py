"""In CI a skipped test is a failed one: there, all that a test may need is installed.

Elsewhere a skip stays a skip, and `make test` prints its reason, which names the way to get what was missing.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips (not one that is expected to fail) becomes a failure."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole module that skips, too."""
    report = yield
    _refuse(report)
    return report


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") == "true" and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI: {_reason(report.longrepr)}"


def _reason(longrepr: Any) -> str:
    """What the skip said: pytest gives a tuple of file, line and reason."""
    return str(longrepr[2] if isinstance(longrepr, tuple) else longrepr)
