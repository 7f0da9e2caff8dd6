"""Configuration fails at start, with every mistake at once and no secret in the message."""

from __future__ import annotations

import pytest

from detection.config import Config, ConfigError, WorkerConfig, load
from tests.settings import ENVIRONMENT

NAMES = [name.upper() for name in WorkerConfig.model_fields]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_every_missing_variable_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as error:
        load(WorkerConfig)
    required = [name.upper() for name, field in WorkerConfig.model_fields.items() if field.is_required()]
    assert len(required) >= 7
    assert [name for name in required if f"{name} is missing" in str(error.value)] == required


def test_a_mistake_is_named_with_what_belongs_there_and_the_secret_is_not(environment: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        environment.setenv(name, value)
    environment.setenv("RESULTS_KEYS", "hunter2")
    environment.setenv("RETENTION_DAYS", "3")
    with pytest.raises(ConfigError) as error:
        load(Config)
    message = str(error.value)
    assert "RESULTS_KEYS must read id:secret" in message
    assert "RETENTION_DAYS" in message
    assert "15" in message
    assert "hunter2" not in message + repr(error.value.__cause__) + repr(error.value.__context__)


@pytest.mark.parametrize(
    "keys",
    ["", "a:", ":0123456789abcdef", "a:short", "a:0123456789abcdef,", "a;b:0123456789abcdef", "a:0123456789abcdef,a:0123456789abcdeg"],
)
def test_key_rings_that_are_none(environment: pytest.MonkeyPatch, keys: str) -> None:
    for name, value in ENVIRONMENT.items():
        environment.setenv(name, value)
    environment.setenv("RESULTS_KEYS", keys)
    with pytest.raises(ConfigError, match="RESULTS_KEYS"):
        load(Config)


def test_a_key_ring_keeps_its_order(environment: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        environment.setenv(name, value)
    environment.setenv("RESULTS_KEYS", "b:0123456789abcdef,a:fedcba9876543210:with:colons")
    assert list(load(Config).key_ring.items()) == [("b", "0123456789abcdef"), ("a", "fedcba9876543210:with:colons")]
    assert "0123456789abcdef" not in repr(load(Config))
