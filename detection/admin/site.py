"""The admin's site: Django's, with our pages before its own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from detection.admin import (
    actions_page,
    chats_page,
    dashboard_page,
    export_page,
    letters_page,
    pages,
    prediction_page,
    predictions_page,
    queues_page,
)

PAGES: tuple[pages.Page, ...] = (
    *dashboard_page.PAGES,
    *actions_page.PAGES,
    *chats_page.PAGES,
    *export_page.PAGES,
    *predictions_page.PAGES,
    *prediction_page.PAGES,
    *letters_page.PAGES,
    *queues_page.PAGES,
)
MENU = (  # the pages that the head of every page links to
    ("admin:dashboard", "Dashboard"),
    ("admin:predictions", "Predictions"),
    ("admin:letters", "Dead letters"),
    ("admin:queues", "Queues"),
)


class Log(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for mypy alone
    """Who did what: to be read, and by nobody to be changed."""

    list_display = ("action_time", "user", "object_repr", "change_message")
    list_filter = ("user",)
    search_fields = ("object_repr", "change_message")
    list_display_links = None
    date_hierarchy = "action_time"

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature, here and below
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


class OperatorsSite(admin.AdminSite):
    """Whoever may see predictions begins with ours; others, such as one who keeps the users, with Django's list."""

    site_header = "Polybot"
    site_title = "Polybot"
    site_url = None  # there is nothing else to look at
    enable_nav_sidebar = False

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.register(LogEntry, Log)

    def get_urls(self) -> list[Any]:
        return [path(page.route, self.admin_view(pages.guarded(page)), name=page.name) for page in PAGES] + super().get_urls()

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        allowed = {f"admin:{page.name}" for page in PAGES if pages.may(request, page.permission)}
        return super().each_context(request) | {"operators_menu": [(name, text) for name, text in MENU if name in allowed]}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        # Django says TemplateResponse, and calls it as a view, which may answer anything.
        return redirect("admin:dashboard") if pages.may(request, pages.VIEW) else super().index(request, extra_context)
