"""Queues and workers, and the one control that there is: to pause a queue, and to resume it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from detection import aws, config, dashboard
from detection.admin import audit
from detection.admin.dashboard_page import now as as_now
from detection.admin.pages import CONTROL, VIEW, Page, may, render
from detection.clock import now
from taskqueue.registry import BEAT_SECONDS

WARNINGS = {
    "pause": "Workers stop reading it within some {beat} s and finish what they have begun. Its messages wait until it is resumed.",
    "resume": "Workers read it again within some {beat} s.",
}
HELD_UP = {
    "photos": "Whoever sends a photo waits for as long.",
    "photos-bulk": "Chats that send many photos at once wait for as long.",
    "answers": "It also carries what puts right the predictions that fell between two steps, each minute: that waits too.",
}


def shown(request: HttpRequest) -> HttpResponse:
    """All queues and workers as they are."""
    content = as_now(dashboard.present())
    return render(request, "queues.html", "Queues and workers", **content, may_control=may(request, CONTROL), beat=BEAT_SECONDS)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Ask, and once `confirmed` do it: the fields `action` (pause or resume) and `queue`."""
    action, queue = request.POST.get("action", ""), request.POST.get("queue", "")
    if action not in WARNINGS or queue not in config.shared().queue_urls:
        raise Http404(f"there is no such action or queue: {action!r}, {queue!r}")
    if request.POST.get("confirmed") != "yes":
        return _asked(request, action, queue)
    if _set(request, action, queue):
        audit.note(request, f"queue {queue}", f"{action}d")
        messages.success(request, f"The queue {queue} is {action}d. Workers follow within some {BEAT_SECONDS} s.")
    else:
        messages.info(request, f"The queue {queue} was {action}d already.")
    return redirect("admin:queues")


PAGES = (
    Page("queues/", "queues", shown, VIEW),
    Page("queues/act/", "queues-act", act, CONTROL),
)


def _asked(request: HttpRequest, action: str, queue: str) -> HttpResponse:
    warning = WARNINGS[action].format(beat=BEAT_SECONDS)
    if action == "pause":
        warning += f" {HELD_UP[queue]}"
    content: dict[str, Any] = {"warning": warning, "fields": [("action", action), ("queue", queue)], "verb": action.title()}
    return render(request, "confirm.html", f"{action.title()} the queue {queue}?", **content, to="admin:queues-act", back="admin:queues")


def _set(request: HttpRequest, action: str, queue: str) -> bool:
    """False where it was so already."""
    with aws.translated(f"trying to {action} {queue}"):
        if action == "pause":
            return dashboard.pauses().pause(queue, by=request.user.get_username(), at=now())
        return dashboard.pauses().resume(queue)
