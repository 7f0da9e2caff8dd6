"""Who may POST /results, and who may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.signature import TOLERANCE, BadSignature, sign, verify

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = {"k2": "the second secret", "k1": "the first secret!"}


def test_a_signature_is_accepted() -> None:
    verify(sign("42-7", at=NOW, keys=KEYS), "42-7", now=NOW, keys=KEYS)


@pytest.mark.parametrize("seconds", [-300, -1, 1, 300])
def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    verify(sign("42-7", at=NOW + timedelta(seconds=seconds), keys=KEYS), "42-7", now=NOW, keys=KEYS)


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_and_by_no_more(seconds: int) -> None:
    with pytest.raises(BadSignature, match=f"at most {TOLERANCE.total_seconds():.0f}"):
        verify(sign("42-7", at=NOW + timedelta(seconds=seconds), keys=KEYS), "42-7", now=NOW, keys=KEYS)


def test_the_first_key_signs_and_every_key_is_accepted() -> None:
    assert sign("42-7", at=NOW, keys=KEYS).startswith("k2;")
    for key_id, secret in KEYS.items():
        verify(sign("42-7", at=NOW, keys={key_id: secret}), "42-7", now=NOW, keys=KEYS)


def test_a_rotation_never_refuses_an_answer() -> None:
    """Old and new run side by side at each step: add the new key, then sign with it, then remove the old one."""
    rings = [{"a": "a" * 16}, {"a": "a" * 16, "b": "b" * 16}, {"b": "b" * 16, "a": "a" * 16}, {"b": "b" * 16}]
    for older, newer in pairwise(rings):
        for signer, verifier in ((older, newer), (newer, older)):
            verify(sign("42-7", at=NOW, keys=signer), "42-7", now=NOW, keys=verifier)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (None, "no X-Polybot-Signature"),
        ("", "no X-Polybot-Signature"),
        ("k2", "must read"),
        ("k2;now;ff", "must read"),
        ("k2;" + "9" * 400 + ";ff", "must read"),
        ("k2;²;ff", "must read"),
        (f"k9;{NOW.timestamp():.0f};ff", "not in RESULTS_KEYS"),
        (f"k2;{NOW.timestamp():.0f};ff", "does not match"),
        (f"k2;{NOW.timestamp():.0f};é", "does not match"),
    ],
)
def test_what_is_refused(header: str | None, why: str) -> None:
    with pytest.raises(BadSignature, match=why):
        verify(header, "42-7", now=NOW, keys=KEYS)


def test_a_signature_is_good_for_its_prediction_only() -> None:
    with pytest.raises(BadSignature):
        verify(sign("42-7", at=NOW, keys=KEYS), "42-8", now=NOW, keys=KEYS)


@given(st.text(max_size=80))
def test_no_text_passes_or_breaks_it(header: str) -> None:
    with pytest.raises(BadSignature):
        verify(header, "42-7", now=NOW, keys=KEYS)
