"""One chat: where its predictions are, and whether it is blocked. It can be blocked, unblocked and erased."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from detection import chats
from detection.admin import audit
from detection.admin.pages import BLOCK_CHAT, ERASE_CHAT, VIEW, Page, render
from detection.erasing import erase_chat
from detection.filters import BadFilters, parse

# What will happen, said before it does.
WARNINGS = {
    "block": "Its photos will be ignored from now on, without a word to the chat. What is under way is still answered.",
    "unblock": "Its photos will be taken again. What it sent meanwhile is not looked at.",
    "erase": (
        "All its predictions and pictures will be erased for good, and what is known of the chat, also that it is blocked. "
        "If it was a group before it became a supergroup, or has become one since, that one is erased with it."
    ),
}


@require_http_methods(["GET", "POST"])
def chat(request: HttpRequest, chat_id: str) -> HttpResponse:
    """Show it; or ask whether, or with `confirmed` do, the `action` to it."""
    number = _number(chat_id)
    action = request.POST.get("action", "") if request.method == "POST" else ""
    if not action or request.POST.get("confirmed") != "yes":
        return _shown(request, number, action=action, warning=WARNINGS.get(action))
    if action == "erase":
        receipt = erase_chat(number)
        audit.note(request, f"chat {number}", receipt.text().partition("\n")[0], deleted=True)
        return _shown(request, number, receipt=receipt.text())
    changed = chats.block(number) if action == "block" else chats.unblock(number)
    if changed:
        audit.note(request, f"chat {number}", f"{action}ed")
        messages.success(request, f"Chat {number} is {action}ed.")
    else:
        messages.warning(request, f"Chat {number} was {action}ed already.")
    return redirect("admin:chat", number)


PAGES = (Page("chats/<str:chat_id>/", "chat", chat, VIEW, {"block": BLOCK_CHAT, "unblock": BLOCK_CHAT, "erase": ERASE_CHAT}),)


def _number(text: str) -> int:
    try:
        number = parse({"chat": text}).chat
    except BadFilters as bad:
        raise Http404(str(bad)) from None
    if number is None:
        raise Http404("a chat has an id")
    return number


def _shown(request: HttpRequest, number: int, **content: Any) -> HttpResponse:
    others = [other for other in chats.related(number) if other != number]
    return render(
        request, "chat.html", f"Chat {number}", chat_id=number, others=others, blocked_since=chats.blocked_since(number), **content
    )
