"""What is held, and what SQS is told of it: without a network, where the order of things can be chosen."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from taskqueue.envelope import Undecodable, decode
from taskqueue.heartbeat import LET_GO_AFTER, Heartbeat, due, is_stuck
from taskqueue.holding import Held, Holding
from taskqueue.intake import retry_after, verdict_on
from taskqueue.options import Options, from_transport
from taskqueue.poison import Reason
from taskqueue.settling import Settler
from tests.processes import wait_for


def _held(identity: str, queue: str = "work", *, receipt: str = "", receives: int = 1) -> Held:
    message = {
        "MessageId": identity,
        "ReceiptHandle": receipt or f"r-{identity}",
        "Body": "",
        "Attributes": {"ApproximateReceiveCount": str(receives)},
    }
    return Held(queue, f"url-{queue}", message)


@dataclass
class Task:
    time_limit: float | None = None


@dataclass
class Request:
    time_start: float | None = None
    time_limits: tuple[float | None, float | None] = (None, None)
    task: Task = field(default_factory=Task)
    failure: str = ""
    rejected: bool = False


@dataclass
class Sqs:
    """`refused` are the codes for receipts, used up one by one; `down` raises."""

    refused: dict[str, list[str]] = field(default_factory=dict)
    down: int = 0
    deleted: list[list[str]] = field(default_factory=list)
    changed: list[list[tuple[str, int]]] = field(default_factory=list)

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        self._check()
        self.deleted.append([entry["ReceiptHandle"] for entry in request["Entries"]])
        return self._answer(request["Entries"])

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        self._check()
        self.changed.append([(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in request["Entries"]])
        return self._answer(request["Entries"])

    def _check(self) -> None:
        if self.down:
            self.down -= 1
            raise ConnectionError("refused")

    def _answer(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        codes = {entry["Id"]: self.refused.get(entry["ReceiptHandle"], []) for entry in entries}
        failed = [{"Id": identity, "Code": left.pop(0)} for identity, left in codes.items() if left]
        return {"Successful": [{"Id": identity} for identity in codes if identity not in {one["Id"] for one in failed}], "Failed": failed}


@pytest.fixture
def holding() -> Holding:
    return Holding(["first", "second", "work"])


def test_the_first_queues_messages_go_first_and_then_the_oldest(holding: Holding) -> None:
    for identity, queue in (("a", "second"), ("b", "first"), ("c", "first")):
        holding.add(held := _held(identity, queue))
        holding.offer(held)
    assert [held.message_id for held in (holding.next_waiting(), holding.next_waiting(), holding.next_waiting()) if held] == ["b", "c", "a"]
    assert holding.next_waiting() is None


def test_one_that_is_not_decoded_yet_takes_room_and_is_handed_to_nobody(holding: Holding) -> None:
    """It is held from the moment of its receipt; another thread may ask for the next one before its body is read."""
    holding.add(early := _held("a"))
    assert (holding.count(), holding.waiting(), holding.next_waiting()) == (1, 0, None)
    holding.offer(early)
    assert holding.next_waiting() is early


def test_one_that_was_given_back_before_it_was_decoded_stays_given_back(holding: Holding) -> None:
    holding.add(early := _held("a"))
    assert holding.settle(early.tag, deleted=False) is early
    holding.offer(early)
    assert (holding.count(), holding.next_waiting()) == (0, None)


def test_what_is_received_again_while_held_is_not_run_again(holding: Holding) -> None:
    first = _held("a")
    holding.add(first)
    first.lost = True
    assert holding.add(_held("a", receipt="new")) is False
    assert (first.receipt, first.lost, holding.count()) == ("new", False, 1)


def test_what_is_received_again_while_its_deletion_is_on_its_way_is_not_run_again(holding: Holding) -> None:
    first = _held("a")
    holding.add(first)
    holding.settle(first.tag, deleted=True)
    assert holding.add(_held("a", receipt="new")) is False
    assert holding.count() == 0


def test_what_was_given_back_may_come_again(holding: Holding) -> None:
    first = _held("a")
    holding.add(first)
    holding.settle(first.tag, deleted=False)
    assert holding.add(_held("a", receipt="new")) is True


def test_a_message_is_settled_once(holding: Holding) -> None:
    held = _held("a")
    holding.add(held)
    assert holding.settle(held.tag, deleted=True) is held
    assert holding.settle(held.tag, deleted=False) is None
    assert holding.settle("another", deleted=True) is None


def test_settled_by_tens_and_again_where_refused(holding: Holding) -> None:
    sqs = Sqs(refused={"r-3": ["InternalError", "InternalError"], "r-5": ["ReceiptHandleIsInvalid"]})
    settler = Settler(sqs, holding)  # type: ignore[arg-type]
    messages = [_held(str(number)) for number in range(23)]
    for held in messages:
        holding.add(held)
    for held in messages:
        holding.settle(held.tag, deleted=True)
        settler.delete(held)
    assert settler.flush(20)
    assert max(map(len, sqs.deleted)) <= 10
    told = [receipt for batch in sqs.deleted for receipt in batch]
    assert (told.count("r-3"), told.count("r-5"), told.count("r-7")) == (3, 1, 1)
    assert holding.all() == []
    settler.stop()


def test_settled_after_all_where_sqs_was_away(holding: Holding) -> None:
    sqs = Sqs(down=3)
    settler = Settler(sqs, holding)  # type: ignore[arg-type]
    held = _held("a")
    holding.add(held)
    settler.delete(held)
    assert settler.flush(20)
    assert sqs.deleted == [["r-a"]]
    settler.stop()


def test_flush_says_when_sqs_has_not_heard(holding: Holding) -> None:
    settler = Settler(Sqs(down=1000), holding)  # type: ignore[arg-type]
    settler.give_back(_held("a"))
    assert settler.flush(0.3) is False
    settler.stop()


def test_only_what_is_still_ours_is_extended() -> None:
    options, now = Options(visibility=30), 1000.0
    fresh, waiting, running, deleting, given_back, lost = (_held(name) for name in "abcdef")
    for held in (waiting, running, deleting, given_back, lost):
        held.extended_at = now - 11
    fresh.extended_at = now - 9
    running.request = Request(time_start=now)
    deleting.settled = deleting.deleted = given_back.settled = lost.lost = True
    (batch,) = due([fresh, waiting, running, deleting, given_back, lost], options, monotonic=now, now=now)
    assert {held.message_id for held in batch} == {"b", "c", "d"}


def test_extended_by_tens_of_one_queue() -> None:
    messages = [_held(str(number), ("first", "second")[number % 2]) for number in range(24)]
    batches = list(due(messages, Options(), monotonic=time.monotonic() + 20, now=0))
    assert sorted(len(batch) for batch in batches) == [2, 2, 10, 10]
    assert all(len({held.url for held in batch}) == 1 for batch in batches)


@pytest.mark.parametrize(("limits", "own", "limit"), [((None, None), None, 3600), ((None, None), 50, 50), ((20, None), 50, 20)])
def test_a_task_is_let_go_at_its_own_limit(limits: tuple[float | None, None], own: float | None, limit: float) -> None:
    held = _held("a")
    held.request = Request(time_start=1000, time_limits=limits, task=Task(own))
    assert not is_stuck(held, Options(), now=1000 + limit + LET_GO_AFTER)
    assert is_stuck(held, Options(), now=1000 + limit + LET_GO_AFTER + 1)


def test_a_task_that_has_not_started_is_not_stuck() -> None:
    held = _held("a")
    assert not is_stuck(held, Options(), now=1e9)
    held.request = Request()
    assert not is_stuck(held, Options(), now=1e9)


def test_a_lost_receipt_is_told_once(holding: Holding) -> None:
    lost: list[Held] = []
    held = _held("a")
    held.extended_at = -1e9
    holding.add(held)
    beat = Heartbeat(Sqs(refused={"r-a": ["InvalidParameterValue"] * 9}), holding, Options(), on_lost=lost.append)  # type: ignore[arg-type]
    wait_for(lambda: lost, seconds=20, what="the loss")
    time.sleep(1.5)
    beat.stop()
    assert lost == [held]


def test_a_failed_heartbeat_is_repeated(holding: Holding) -> None:
    sqs = Sqs(down=1)
    held = _held("a")
    held.extended_at = -1e9
    holding.add(held)
    beat = Heartbeat(sqs, holding, Options(visibility=30), on_lost=lambda _: None)  # type: ignore[arg-type]
    wait_for(lambda: sqs.changed, seconds=20, what="an extension")
    beat.stop()
    assert sqs.changed[0] == [("r-a", 30)]


def test_pauses_of_a_failed_message_grow_to_the_cap() -> None:
    assert 1 <= retry_after(1, Options()) <= 2
    assert 4 <= retry_after(3, Options()) <= 8
    assert 150 <= retry_after(14, Options()) <= 300


def test_when_a_failed_message_is_poison() -> None:
    held = _held("a", receives=14)
    held.request = Request(failure="ValueError()")
    assert verdict_on(held, Options()) is None
    held = _held("a", receives=15)
    held.request = Request(failure="ValueError()")
    verdict = verdict_on(held, Options())
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (Reason.FAILED, "ValueError()")


@pytest.mark.parametrize("body", [None, "", "§", "e30=", "eyJwcm9wZXJ0aWVzIjoge30sICJoZWFkZXJzIjogNX0=", "[]"])
def test_what_is_no_message_of_celerys_can_not_be_decoded(body: str | None) -> None:
    held = _held("a")
    held.message["Body"] = body
    with pytest.raises(Undecodable):
        decode(held)


@pytest.mark.parametrize(
    ("option", "value"), [("wait_time_seconds", 21), ("wait_time_seconds", -1), ("visibility_timeout", 1), ("visibility_timeout", 50_000)]
)
def test_options_that_sqs_would_refuse_are_refused_at_once(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=option):
        from_transport({option: value})
