"""What a page of ours is: a route, a view, and the permission without which nobody gets in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from csp.decorators import csp_update
from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from detection.errors import Unavailable

View = Callable[..., HttpResponseBase]

# Codenames of detection.models.Prediction: one for each kind of thing that a role may do.
VIEW = "view_prediction"
VIEW_PHOTO = "view_photo"
CHANGE = "change_prediction"
DELETE = "delete_prediction"
EXPORT = "export_prediction"
BLOCK_CHAT = "block_chat"
ERASE_CHAT = "erase_chat"
REDRIVE = "redrive_letter"
DROP = "drop_letter"
CONTROL = "control_queue"


@dataclass(frozen=True, slots=True)
class Page:
    """One address below /admin/. The view is called by whoever is logged in, is staff, and has the permission (a codename).

    Where there are actions, a POST has one of them in its field `action`, and needs that one's permission as well.
    """

    route: str
    name: str
    view: View
    permission: str
    actions: Mapping[str, str] = field(default_factory=dict)  # action → permission


def may(request: HttpRequest, permission: str) -> bool:
    """Whether whoever asks has this permission, one of the codenames above."""
    return request.user.has_perm(f"detection.{permission}")


def guarded(page: Page) -> View:
    """The page's view, closed to others, which says so where AWS does not do its part."""

    @wraps(page.view)
    def view(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
        if not may(request, page.permission):
            raise PermissionDenied
        if request.method == "POST" and page.actions:
            action = request.POST.get("action", "")
            if action not in page.actions:
                raise BadRequest(f"{action!r} is nothing that can be done here: it must be one of {', '.join(page.actions)}")
            if not may(request, page.actions[action]):
                raise PermissionDenied
        try:
            return page.view(request, *arguments, **named)
        except Unavailable as away:
            return render(request, "away.html", "Out of reach", away=str(away), status=503)

    # Both are read by the test of all permissions.
    view.permission, view.actions = page.permission, page.actions  # type: ignore[attr-defined]
    return view


def render(
    request: HttpRequest, template: str, title: str, *, status: int = 200, photos_from: str | None = None, **content: Any
) -> HttpResponse:
    """A page in the admin's frame. `photos_from` is the origin of the photos on it, the one place beside ours that it may load from."""
    rights = {codename: may(request, codename) for codename in (VIEW, VIEW_PHOTO, CHANGE, DELETE, EXPORT, BLOCK_CHAT, ERASE_CHAT)}
    rights |= {codename: may(request, codename) for codename in (REDRIVE, DROP, CONTROL)}
    context = {**admin.site.each_context(request), "title": title, "rights": rights, **content}
    answer = TemplateResponse(request, f"admin/detection/{template}", context, status=status)
    if photos_from:
        csp_update({"img-src": (photos_from,)})(lambda _: answer)(request)  # notes it with the answer, for the middleware
    return answer
