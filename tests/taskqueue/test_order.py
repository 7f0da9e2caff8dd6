"""Who is asked next, without a queue in sight."""

from __future__ import annotations

import pytest

from taskqueue.order import BACK_OFF_SECONDS, FRESH_SECONDS, Ask, Order, back_off

WAIT = 5


def _order(*queues: str) -> Order:
    return Order(queues, wait=WAIT)


def _ask(order: Order, queue: str, now: float, room: int = 4) -> Ask | None:
    ask = order.ask(queue, room=room, now=now)
    if ask:
        order.asked(ask, now)
    return ask


def test_one_queue_is_waited_for_with_all_the_room() -> None:
    assert _ask(_order("work"), "work", 0, room=4) == Ask("work", 4, WAIT)
    assert _ask(_order("work"), "work", 0, room=40) == Ask("work", 10, WAIT)


def test_without_room_nobody_is_asked() -> None:
    assert _ask(_order("work"), "work", 0, room=0) is None


def test_a_queue_is_asked_once_at_a_time() -> None:
    order = _order("work")
    _ask(order, "work", 0)
    assert _ask(order, "work", 1) is None


def test_later_queues_are_not_asked_before_the_earlier_ones_were_empty() -> None:
    order = _order("first", "second", "third")
    assert _ask(order, "third", 0) is None
    assert _ask(order, "second", 0) is None
    assert _ask(order, "first", 0) == Ask("first", 4, 0)  # not waited for: there may be work in the others
    assert _ask(order, "second", 0) is None  # its answer is still to come
    order.answered("first", 0, 0)
    assert _ask(order, "third", 0) is None
    assert _ask(order, "second", 0) == Ask("second", 4, 0)
    order.answered("second", 0, 0)
    assert _ask(order, "third", 0) == Ask("third", 4, WAIT)


def test_while_the_first_has_messages_the_others_are_not_asked() -> None:
    order = _order("first", "second")
    _ask(order, "first", 0)
    order.answered("first", 4, 0)
    assert _ask(order, "second", 0) is None
    assert _ask(order, "first", 0) == Ask("first", 4, 0)


def test_when_all_are_empty_all_are_waited_for() -> None:
    order = _order("first", "second")
    _ask(order, "first", 0)
    order.answered("first", 0, 0)
    assert _ask(order, "second", 0) == Ask("second", 4, WAIT)
    # Each may bring one: more could not be run where the other brings one too.
    assert _ask(order, "first", 0) == Ask("first", 1, WAIT)
    order.answered("second", 0, WAIT)
    assert _ask(order, "second", WAIT) == Ask("second", 1, WAIT)


def test_an_open_long_poll_vouches_for_its_queue() -> None:
    order = _order("first", "second")
    _ask(order, "first", 0)
    order.answered("first", 0, 0)
    _ask(order, "second", 0)
    _ask(order, "first", 0)
    order.answered("second", 4, 3)
    assert _ask(order, "second", 3) == Ask("second", 4, WAIT)


def test_an_old_answer_vouches_for_nothing() -> None:
    order = _order("first", "second")
    _ask(order, "first", 0)
    order.answered("first", 0, 0)
    assert _ask(order, "second", FRESH_SECONDS + 0.01) is None


def test_a_queue_that_can_not_be_asked_does_not_hold_up_the_others() -> None:
    order = _order("first", "second")
    _ask(order, "first", 0)
    pause = order.failed("first", 0)
    assert _ask(order, "first", pause / 2) is None
    assert _ask(order, "second", pause / 2) == Ask("second", 4, WAIT)
    assert _ask(order, "first", pause) is not None


@pytest.mark.parametrize("failures", [0, 1, 3, 9, 1000])
def test_pauses_double_up_to_a_limit_and_vary(failures: int) -> None:
    first, longest = BACK_OFF_SECONDS
    pauses = [back_off(failures) for _ in range(50)]
    assert max(pauses) <= min(longest, first * 2**failures)
    assert min(pauses) >= min(longest, first * 2 ** min(failures, 10)) / 2
    assert len(set(pauses)) > 1


def test_an_answer_ends_the_pauses() -> None:
    order = _order("work")
    for _ in range(5):
        order.failed("work", 0)
    _ask(order, "work", 100)
    order.answered("work", 0, 100)
    assert order.failed("work", 200) <= BACK_OFF_SECONDS[0]
