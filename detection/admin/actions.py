"""What an operator can have done to predictions: told first, then done, to each by itself, and harmless the second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detection import predictions, verdicts
from detection.admin.pages import CHANGE, DELETE
from detection.erasing import erase_prediction
from detection.prediction import RIGHT, WRONG, Prediction, Status, parts_of, prediction_id
from detection.reruns import runs_of, start_again
from detection.resend import resend, why_not

GONE = "there is no such prediction: never made, erased, or expired"


@dataclass(frozen=True, slots=True)
class Step:
    """What will happen to one prediction, or what has; or, where `happens` is False, why nothing will, or did.

    `seen` is how the prediction was when this was told, for an action that is only done to one that has not changed since.
    """

    prediction_id: str
    text: str
    happens: bool = True
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for besides the action itself: the version of a model, and what the one who asks has seen."""

    model: str | None = None
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """`plan` tells and changes nothing; `do` does it, once however often it is called."""

    title: str
    permission: str
    plan: Callable[[str], Step]
    do: Callable[[str, Wish], Step]


def _plan_run(name: str) -> Step:
    """The newest run is the one that is run again, so that asking for it twice makes one run."""
    runs = runs_of(name)
    if not runs:
        return Step(name, GONE, happens=False)
    newest = runs[-1]
    of = "" if newest.prediction_id == name else f"the newest run of {name}, "
    then = "the chat gets the new answer too" if newest.is_finished else "the chat, which still waits, gets the answer of the new run alone"
    return Step(newest.prediction_id, f"{of}is run again as {_next(newest)}; {then}")


def _run(name: str, wish: Wish) -> Step:
    seen = predictions.get(name)
    if seen is None:
        return Step(name, GONE, happens=False)
    again = start_again(seen, model=wish.model)
    if again is None:
        return Step(name, f"not run again: {_next(seen)} was erased less than 25 hours ago", happens=False)
    made = again.prediction
    with_model = f", with {made.wanted_model}" if made.wanted_model else ""
    return Step(name, f"{'run' if again.is_new else 'had been run'} again as {made.prediction_id}{with_model}", happens=again.is_new)


def _next(seen: Prediction) -> str:
    return prediction_id(seen.chat_id, seen.message_id, run=seen.run + 1)


def _plan_resend(name: str) -> Step:
    one = predictions.get(name)
    if one is None:
        return Step(name, GONE, happens=False)
    if reason := why_not(one):
        return Step(name, f"nothing will be sent: {reason}", happens=False)
    if one.undeliverable:
        return Step(name, f"its answer, which could not be delivered ({one.undeliverable}), is sent once more", seen=_seen(one))
    return Step(name, f"its answer of {one.replied_at:%Y-%m-%d %H:%M:%S} UTC is sent to the chat once more", seen=_seen(one))


def _resend(name: str, wish: Wish) -> Step:
    one = predictions.get(name)
    if one is None:
        return Step(name, GONE, happens=False)
    if wish.seen != _seen(one) or why_not(one) or not resend(one):
        return Step(name, "not sent: it has changed since you were asked, perhaps because it was sent again already", happens=False)
    return Step(name, "its answer is being sent again")


def _seen(one: Prediction) -> str:
    return f"{one.replied_at} {one.reopened_at}"


def _verdict(verdict: str) -> Action:
    def plan(name: str) -> Step:
        one = predictions.get(name)
        if one is None:
            return Step(name, GONE, happens=False)
        if one.status is not Status.DONE:
            return Step(name, f"nothing to judge: it is {one.status.value}", happens=False)
        if one.verdict == verdict:
            return Step(name, f"is marked {verdict} already", happens=False)
        return Step(name, f"is marked {verdict}{f' instead of {one.verdict}' if one.verdict else ''}")

    def do(name: str, _: Wish) -> Step:
        planned = plan(name)
        if not planned.happens:
            return planned
        return Step(name, f"marked {verdict}") if verdicts.judge(name, verdict) else Step(name, GONE, happens=False)

    return Action(f"Mark {verdict}", CHANGE, plan, do)


def _plan_delete(name: str) -> Step:
    runs = [one.prediction_id for one in runs_of(name)]
    if name not in runs:
        return Step(name, GONE, happens=False)
    others = [one for one in runs if one != name] if parts_of(name)[2] == 0 else []
    more = f"; since its photo is theirs too, so are {', '.join(others)}" if others else ""
    return Step(name, f"is deleted with its pictures{more}")


def _delete(name: str, _: Wish) -> Step:
    erased = erase_prediction(name)
    others = [one for one in erased.prediction_ids if one != name]
    also = f", and with it {', '.join(others)}" if others else ""
    there = bool(erased.prediction_ids or erased.pictures)
    return Step(name, f"deleted{also}; pictures: {erased.pictures}" if there else "was deleted already", happens=there)


ACTIONS = {
    "run-again": Action("Run again", CHANGE, _plan_run, _run),
    "resend": Action("Send the answer again", CHANGE, _plan_resend, _resend),
    "right": _verdict(RIGHT),
    "wrong": _verdict(WRONG),
    "delete": Action("Delete", DELETE, _plan_delete, _delete),
}
