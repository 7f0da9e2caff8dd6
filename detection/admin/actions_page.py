"""Actions on one or many predictions: first what will happen to which, then, confirmed, that it happens. Each is in the admin's log."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from detection import served
from detection.admin import audit
from detection.admin.actions import ACTIONS, Action, Step, Wish
from detection.admin.pages import DELETE, VIEW, Page, render
from detection.errors import Unavailable
from detection.filters import BadFilters, parse, to_query
from detection.prediction import parts_of

MOST = 100  # predictions at a time: two pages of the list


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Ask whether, or with `confirmed` do, the `action` to the predictions named by `ids`. `filters` is the list to go back to."""
    name = request.POST["action"]
    action, ids = ACTIONS[name], list(dict.fromkeys(request.POST.getlist("ids")))
    if len(ids) > MOST:
        raise BadRequest(f"{len(ids)} predictions were chosen: {MOST} at a time can be")
    if strange := [one for one in ids if not _is_id(one)]:
        raise BadRequest(f"{strange[0]!r} is no prediction's id")
    if not ids:
        messages.warning(request, "Nothing was done: choose predictions first.")
        return _back(request, ids)
    model = request.POST.get("model") or None
    models = served.models() if name == "run-again" else []
    mistake = f"No worker that is up has the model {model}." if model and model not in models else ""
    if mistake or request.POST.get("confirmed") != "yes":
        return _ask(request, action, ids, models=models, mistake=mistake)
    told = dict(zip(ids, request.POST.getlist("seen"), strict=False))  # what was not told can't have been seen
    for one in ids:
        step = _done(request, action, one, Wish(model, told.get(one, "")))
        messages.add_message(request, messages.SUCCESS if step.happens else messages.WARNING, f"{one}: {step.text}.")
    return _back(request, [] if name == "delete" else ids)


PAGES = (Page("predictions/act/", "act", act, VIEW, {name: action.permission for name, action in ACTIONS.items()}),)


def _ask(request: HttpRequest, action: Action, ids: list[str], *, models: list[str], mistake: str) -> HttpResponse:
    # Of several that lead to the same (the newest run of each), one is enough.
    steps = list({step.prediction_id: step for step in map(action.plan, ids)}.values())
    content: dict[str, Any] = {"action": request.POST["action"], "steps": steps, "models": models, "mistake": mistake}
    content |= {"count": sum(step.happens for step in steps)}
    content |= {name: request.POST.get(name, "") for name in ("model", "filters")}
    return render(request, "actions.html", f"{action.title}?", status=400 if mistake else 200, **content)


def _done(request: HttpRequest, action: Action, name: str, wish: Wish) -> Step:
    """What happened to this one, written down. That AWS was away for it keeps nobody from the others, and from asking again."""
    deleted = action.permission == DELETE
    try:
        step = action.do(name, wish)
    except Unavailable as away:
        audit.note(request, name, f"{action.title}: perhaps done, perhaps not: {away}", deleted=deleted)
        return Step(name, f"perhaps not done, try again: {away}", happens=False)
    if step.happens:
        audit.note(request, name, step.text, deleted=deleted)
    return step


def _is_id(name: str) -> bool:
    try:
        parts_of(name)
    except ValueError:
        return False
    return True


def _back(request: HttpRequest, ids: list[str]) -> HttpResponse:
    """To the prediction where it was one, else to the list as it was filtered."""
    if len(ids) == 1 and not request.POST.get("filters"):
        return redirect("admin:prediction", ids[0])
    try:
        kept = to_query(parse(QueryDict(request.POST.get("filters", "")).dict()))
    except BadFilters:
        kept = {}
    query = QueryDict(mutable=True)
    query.update(kept)
    return redirect(f"{reverse('admin:predictions')}?{query.urlencode()}")
