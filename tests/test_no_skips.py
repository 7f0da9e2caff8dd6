"""A skip fails where CI=true and stays a skip elsewhere."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SKIPPING = """
import pytest

def test_without_what_it_needs():
    pytest.skip("install a browser: make chromium")

@pytest.mark.xfail(strict=True)
def test_known_fault():
    assert False
"""


def run(pytester: pytest.Pytester) -> pytest.RunResult:
    pytester.makepyfile(SKIPPING)
    return pytester.runpytest_subprocess("-p", "tests.no_skips", "-p", "no:randomly", "-p", "no:django")


@pytest.fixture(autouse=True)
def _plugin_on_the_path(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    monkeypatch.setenv("PYTHONPATH", str(pytestconfig.rootpath))
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)


def test_in_ci_a_skip_is_a_failure_that_says_what_was_missing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    result = run(pytester)
    result.assert_outcomes(failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*nothing may be skipped in CI*make chromium*"])


def test_in_ci_a_module_that_skips_is_an_error(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile(test_module="import pytest\npytest.importorskip('no_such_package')")
    result = pytester.runpytest_subprocess("-p", "tests.no_skips", "-p", "no:randomly", "-p", "no:django")
    result.assert_outcomes(errors=1)


def test_elsewhere_a_skip_stays_a_skip(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "")
    run(pytester).assert_outcomes(skipped=1, xfailed=1)
