"""Dead letters: why they are dead, what they are about, since when; look at one, redrive it, drop it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from detection import graves
from detection.admin import audit
from detection.admin.pages import DROP, REDRIVE, VIEW, Page, may, render
from detection.clock import now
from detection.graves import NoSuchQueue
from taskqueue.dead_letters import DeadLetter
from taskqueue.redrive import Redriven
from taskqueue.tables import since


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done with letters, and what to ask before."""

    do: Callable[[str, Collection[str]], list[Redriven]]
    permission: str
    verb: str
    warning: str


ACTIONS = {
    "redrive": Action(
        graves.send_on, REDRIVE, "Redrive", "A photo's letter becomes a new run of its prediction; an announcement is sent again."
    ),
    "drop": Action(
        graves.drop,
        DROP,
        "Drop",
        "A letter that is dropped is gone. The prediction that it is about stays: it is sent again or given up by itself.",
    ),
}


def listed(request: HttpRequest) -> HttpResponse:
    """The letters behind all queues."""
    found = graves.listed()
    rows = [_row(letter) for letter in found]
    return render(request, "letters.html", "Dead letters", rows=rows, most=graves.MOST_LISTED, actions=_allowed(request))


def one(request: HttpRequest, queue: str, message_id: str) -> HttpResponse:
    """All that is known of one letter."""
    try:
        letter = graves.one(queue, message_id)
    except NoSuchQueue as error:
        raise Http404(str(error)) from None
    if letter is None:
        raise Http404(
            f"there is no letter {message_id} behind {queue}: redriven, dropped, expired, or beyond the first {graves.MOST_SEARCHED}"
        )
    burials = [(datetime.fromtimestamp(burial.at, UTC), burial) for burial in letter.history]
    content: dict[str, Any] = {"letter": letter, "row": _row(letter), "body": graves.readable(letter.body), "burials": burials}
    return render(request, "letter.html", f"Letter {message_id}", **content, actions=_allowed(request))


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Ask, and once `confirmed` do it: the field `action`, and repeated `letters`, each a queue's name, a slash, and a message's id."""
    action = ACTIONS[request.POST["action"]]
    chosen = _chosen(request.POST.getlist("letters"))
    if not chosen:
        messages.warning(request, "No letter was chosen.")
    elif request.POST.get("confirmed") != "yes":
        return _asked(request, action, sum(len(ids) for ids in chosen.values()))
    else:
        _done(request, action, chosen)
    return redirect("admin:letters")


PAGES = (
    Page("letters/", "letters", listed, VIEW),
    Page("letters/act/", "letters-act", act, VIEW, {name: action.permission for name, action in ACTIONS.items()}),
    Page("letters/<str:queue>/<str:message_id>/", "letter", one, VIEW),
)


def _allowed(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, action.verb) for name, action in ACTIONS.items() if may(request, action.permission)]


def _row(letter: DeadLetter) -> dict[str, Any]:
    return {"letter": letter, "about": graves.about(letter), "task": letter.task.rpartition(".")[2], "since": since(letter.sent_at, now())}


def _chosen(names: Sequence[str]) -> dict[str, set[str]]:
    """Queue → ids of its letters."""
    chosen: dict[str, set[str]] = {}
    for name in names:
        queue, _, message_id = name.partition("/")
        chosen.setdefault(queue, set()).add(message_id)
    return chosen


def _asked(request: HttpRequest, action: Action, count: int) -> HttpResponse:
    question = f"{action.verb} {count} dead letter{'' if count == 1 else 's'}?"
    fields = [(name, value) for name in ("action", "letters") for value in request.POST.getlist(name)]
    content: dict[str, Any] = {
        "warning": action.warning,
        "fields": fields,
        "verb": action.verb,
        "to": "admin:letters-act",
        "back": "admin:letters",
    }
    return render(request, "confirm.html", question, **content)


def _done(request: HttpRequest, action: Action, chosen: dict[str, set[str]]) -> None:
    left = 0
    for queue, ids in chosen.items():
        try:
            told = action.do(queue, ids)
        except NoSuchQueue as error:
            raise Http404(str(error)) from None
        for found in told:
            name = f"letter {found.letter.message_id}"
            audit.note(request, name, f"{action.verb}, behind {queue}, {graves.about(found.letter) or 'no prediction'}: {found.outcome}")
            tell = messages.success if found.done else messages.error
            tell(request, f"{name}: {found.outcome}{'' if found.done else '. It stays where it is'}")
        left += len(ids) - len(told)
    if left:
        messages.warning(
            request, f"{left} were not dealt with: gone, hidden by somebody else's look, of a task that another letter is of, or too many."
        )
