"""The login: slow for who guesses, and for nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


def try_password(password: str, *, name: str = "olga", address: str = "192.0.2.1") -> int:
    # An address as uvicorn gives it on; a header that whoever guesses may set changes nothing.
    said = {"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": f"203.0.113.{len(password)}"}
    return Client().post(LOGIN, {"username": name, "password": password}, **said).status_code  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _accounts() -> None:
    for name in ("olga", "oleg"):
        User.objects.create_user(name, password="made-up", is_staff=True)


def guess(times: int) -> list[int]:
    return [try_password("guess" * number) for number in range(1, times + 1)]


def test_after_five_wrong_passwords_not_even_the_right_one_opens() -> None:
    assert guess(4) == [200] * 4
    assert try_password("guess") == 429
    assert try_password("made-up") == 429


def test_others_get_in_meanwhile() -> None:
    guess(5)
    assert try_password("made-up", name="oleg") == 302
    assert try_password("made-up", address="192.0.2.2") == 302


def test_a_right_password_forgives_the_wrong_ones_before_it() -> None:
    guess(4)
    assert try_password("made-up") == 302
    assert guess(4) == [200] * 4


def test_it_opens_again_after_a_quarter_of_an_hour() -> None:
    guess(6)
    for attempt in AccessAttempt.objects.all():
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=attempt.attempt_time - timedelta(minutes=16))
    assert try_password("made-up") == 302


def test_no_password_is_kept() -> None:
    guess(1)
    (attempt,) = AccessAttempt.objects.all()
    assert "guess" not in str(vars(attempt))
