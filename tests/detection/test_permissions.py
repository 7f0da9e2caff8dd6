"""Who may do what in the admin: each role on each page and each action, as the addresses have them.

A new page, or a new action of one, is found in the URL configuration, and fails here until it has a rule below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from detection import chats, predictions
from tests.clouds import Cloud
from tests.detection.roles import ROLES, person
from tests.detection.test_predictions import created

pytestmark = pytest.mark.django_db

VIEWER, OPERATOR, OWNER = {"viewer", "operator", "owner"}, {"operator", "owner"}, {"owner"}


@dataclass(frozen=True)
class Rule:
    """Which roles may open a page, and take each of its actions; and how it is asked for."""

    roles: set[str]
    actions: Mapping[str, set[str]] = field(default_factory=dict)
    arguments: tuple[object, ...] = ()
    get: int = 200  # the status for those who may
    post: int = 405  # the same, of a POST without an action


RULES = {
    "predictions": Rule(VIEWER, post=200),
    "prediction": Rule(VIEWER, arguments=("42-7",), post=200),
    "act": Rule(
        VIEWER, {"run-again": OPERATOR, "resend": OPERATOR, "right": OPERATOR, "wrong": OPERATOR, "delete": OWNER}, get=405, post=400
    ),
    "chat": Rule(VIEWER, {"block": OPERATOR, "unblock": OPERATOR, "erase": OWNER}, arguments=(42,), post=400),
    "export": Rule(OWNER, post=400),
}


@dataclass(frozen=True)
class Route:
    name: str
    view: Any

    @property
    def is_ours(self) -> bool:
        # The site's own index sends on to the first page: whoever may not see that one sees Django's.
        return str(self.view.__module__).startswith("detection.") and self.name != "index"


def routes() -> list[Route]:
    """Everything below /admin/."""

    def below(resolver: URLResolver) -> Iterator[Route]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from below(entry)
            elif isinstance(entry, URLPattern):
                yield Route(entry.name or "", entry.callback)

    (admin,) = (entry for entry in get_resolver().url_patterns if isinstance(entry, URLResolver) and str(entry.pattern) == "admin/")
    return list(below(admin))


OURS = [route for route in routes() if route.is_ours]
each_role = pytest.mark.parametrize("role", ["", *ROLES])


def address(name: str) -> str:
    return reverse(f"admin:{name}", args=RULES[name].arguments)


def state() -> tuple[object, ...]:
    return predictions.get("42-7"), predictions.get("42-7-1"), chats.blocked_since(42), LogEntry.objects.count()


def test_each_page_and_each_action_has_a_rule() -> None:
    assert {route.name for route in OURS} == set(RULES)
    for route in OURS:
        assert route.view.permission, f"{route.name} is open to all staff"
        assert set(route.view.actions) == set(RULES[route.name].actions), f"the actions of {route.name}"


def test_what_is_not_ours_is_djangos_own() -> None:
    others = {route.name for route in routes() if not route.is_ours and not route.name.startswith(("auth_", "admin_"))}
    own = {"index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n", "view_on_site", "app_list", ""}
    assert others == own


@each_role
def test_pages(cloud: Cloud, client: Client, role: str) -> None:
    created()
    client.force_login(person(role))
    for name, rule in RULES.items():
        for answer, expected in ((client.get(address(name)), rule.get), (client.post(address(name)), rule.post)):
            assert answer.status_code == (expected if role in rule.roles else 403), name


@each_role
def test_actions(cloud: Cloud, client: Client, role: str) -> None:
    """Whoever may is asked whether; whoever may not is refused, also where they say that they are sure."""
    created()
    client.force_login(person(role))
    before = state()
    for name, action, roles in every_action():
        may = role in roles
        told = {"action": action, "ids": "42-7"} | ({} if may else {"confirmed": "yes"})
        assert client.post(address(name), told).status_code == (200 if may else 403), (name, action)
        assert state() == before, (name, action)


def test_whoever_may_not_export_gets_nothing(cloud: Cloud, client: Client) -> None:
    client.force_login(person("operator"))
    assert client.post(address("export"), {"format": "csv"}).status_code == 403


def test_strangers_are_sent_to_the_login(cloud: Cloud, client: Client) -> None:
    for name in RULES:
        answers: list[HttpResponseBase] = [client.get(address(name)), client.post(address(name), {"action": "delete", "confirmed": "yes"})]
        assert [answer.status_code for answer in answers] == [302, 302], name
        assert all(answer.headers["Location"].startswith("/admin/login/") for answer in answers), name


def test_a_form_of_another_site_does_nothing(cloud: Cloud) -> None:
    created()
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("owner"))
    before = state()
    for name, action, _ in [*every_action(), ("export", "", OWNER)]:
        told = {"action": action, "ids": "42-7", "confirmed": "yes", "format": "csv"}
        assert client.post(address(name), told).status_code == 403, (name, action)
    assert state() == before


def every_action() -> list[tuple[str, str, set[str]]]:
    return [(name, action, roles) for name, rule in RULES.items() for action, roles in rule.actions.items()]


@pytest.mark.parametrize(("role", "allowed"), [("viewer", False), ("operator", False), ("owner", True)])
@pytest.mark.parametrize("page", ["admin:auth_user_changelist", "admin:auth_user_add", "admin:admin_logentry_changelist"])
def test_people_and_the_log_are_the_owners(client: Client, page: str, role: str, allowed: bool) -> None:
    client.force_login(person(role))
    assert client.get(reverse(page)).status_code == (200 if allowed else 403)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_the_log(client: Client, role: str) -> None:
    client.force_login(user := person(role))
    entry = LogEntry.objects.create(user=user, object_repr="x", action_flag=2)
    for page in ("change", "delete"):
        assert client.post(reverse(f"admin:admin_logentry_{page}", args=[entry.pk]), {"post": "yes"}).status_code == 403
    assert client.post(reverse("admin:admin_logentry_add")).status_code == 403
    assert LogEntry.objects.filter(pk=entry.pk).exists()
