"""What a rehearsal's events come to, and whether that is good."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.notes import Event

UNPROVABLE_AT_MOST = 8


def figures(events: Sequence[Event]) -> dict[str, int]:
    """The figures of a rehearsal that went to its end. Raises KeyError for one that did not."""
    whole = {event["event"]: event for event in events}
    flows, rolls, statements = ([event for event in events if event["event"] == name] for name in ("flow", "roll", "statement"))
    actions, forbidden = whole["actions"], whole["forbidden"]
    return {
        "resources": whole["applied"]["resources"],
        "flows": len(flows),
        "flows_passed": sum(event["worked"] for event in flows),
        "rolls": len(rolls),
        "rolls_passed": sum(event["worked"] for event in rolls),
        "statements": len(statements),
        "statements_needed": sum(event["verdict"] == "needed" for event in statements),
        "statements_unprovable": sum(event["verdict"] == "unprovable" for event in statements),
        "actions": actions["permitted"],
        "actions_used": actions["permitted"] - len(actions["idle"]),
        "forbidden": forbidden["tried"],
        "forbidden_refused": forbidden["tried"] - len(forbidden["permitted"]),
        "replan_unexpected": len(whole["planned again"]["unexpected"]),
        "left_after_destroy": len(whole["destroyed"]["left"]),
    }


def is_good(found: dict[str, int]) -> bool:
    """Everything worked, each statement is needed or one of a few that can't be shown, each action was used, and nothing is left."""
    return (
        found["flows_passed"] == found["flows"]
        and found["rolls_passed"] == found["rolls"]
        and found["statements_needed"] + found["statements_unprovable"] == found["statements"]
        and found["statements_unprovable"] <= UNPROVABLE_AT_MOST
        and found["actions_used"] == found["actions"]
        and found["forbidden_refused"] == found["forbidden"]
        and found["replan_unexpected"] == found["left_after_destroy"] == 0
    )
