"""The API against its own document: whatever is asked, what it answers is what the document says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.clouds import Cloud, opened
from tests.detection.test_api import token_of
from tests.detection.test_listing import made, stored

pytestmark = pytest.mark.django_db
# The document's own word for what a page's links hold, so that pages other than the first are asked for too.
CURSORS = st.builds(
    lambda direction, at, name: f"{direction}_{at.isoformat()}_{name}",
    st.sampled_from(["older", "newer"]),
    st.datetimes(timezones=st.just(UTC)),
    st.from_regex(r"[1-9][0-9]{0,9}-[1-9][0-9]{0,5}", fullmatch=True),
)
schemathesis.openapi.format("cursor", CURSORS)
document = schemathesis.openapi.from_wsgi("/api/schema", get_wsgi_application())


@pytest.fixture(scope="module")
def cloud_with_predictions(ministack: str) -> Iterator[Cloud]:
    with opened(ministack) as cloud:
        stored([made(number, random.Random(number)) for number in range(1, 41)])
        yield cloud


@pytest.fixture
def token() -> dict[str, str]:
    return token_of("program")


@document.parametrize()
# Its fixtures change nothing between the examples: one table, one user.
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
def test_each_answer_is_one_that_the_document_knows(case: Case[Any], cloud_with_predictions: Cloud, token: dict[str, str]) -> None:
    cache.clear()  # or the throttle would answer most of these
    # Not that a wrong query is refused, which test_api.py sees to: here one counts as wrong whose wrong part, such as an empty list, is
    # nowhere in the URL.
    case.call_and_validate(headers=token, excluded_checks=[negative_data_rejection])


def test_the_document_has_each_address_and_its_errors() -> None:
    paths = Client().get("/api/schema").json()["paths"]
    answers = {path: set(operations["get"]["responses"]) for path, operations in paths.items()}
    common = {"200", "401", "403", "429", "503"}
    assert answers == {
        "/api/dashboard": common | {"400"},
        "/api/predictions": common | {"400"},
        "/api/predictions/{prediction_id}": common | {"404"},
    }
