"""An answer once more, and what a person says of one: each once, however often it is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from detection import predictions, verdicts
from detection.clock import now
from detection.prediction import Prediction
from detection.predictions import Outcome
from detection.reconcile import Step, due
from detection.reruns import run_again
from detection.resend import resend
from tests import queues
from tests.clouds import Cloud
from tests.counted import counted
from tests.detection.test_predictions import created

both_emulators = pytest.mark.parametrize("cloud", ["ministack", "moto"], indirect=True)


def stored(name: str = "42-7") -> Prediction:
    found = predictions.get(name)
    assert found
    return found


def answered(*, age: timedelta = timedelta()) -> Prediction:
    name = created(age=age)
    predictions.finish(name, Outcome(model="m-1"))
    predictions.mark_replied(predictions.claim(name))
    return stored(name)


@both_emulators
def test_it_is_open_again_and_announced(cloud: Cloud) -> None:
    assert resend(answered())
    assert stored().is_open
    assert [task.arguments for task in queues.receive("answers")] == [["42-7"]]
    assert [one.prediction_id for one in predictions.open_before(now())] == ["42-7"]
    predictions.mark_replied(predictions.claim("42-7"))
    assert not stored().is_open


def test_what_was_undeliverable_too(cloud: Cloud) -> None:
    predictions.finish(created(), Outcome(model="m-1"))
    predictions.mark_undeliverable(predictions.claim("42-7"), "the bot was kicked")
    seen = stored()
    assert resend(seen)
    predictions.mark_undeliverable(predictions.claim("42-7"), "the bot was kicked")
    assert not resend(seen), "the same reason as was seen, but of another try"


def test_twice_at_once_is_once(cloud: Cloud) -> None:
    seen = answered()
    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(lambda _: resend(seen), range(6))) == [False] * 5 + [True]
    assert len(queues.receive("answers")) == 1


def test_one_that_was_answered_again_since_is_left_alone(cloud: Cloud) -> None:
    seen = answered()
    resend(seen)
    predictions.mark_replied(predictions.claim("42-7"))
    assert not resend(seen)
    assert resend(stored()), "asked for anew"


def test_what_is_gone_stays_gone(cloud: Cloud) -> None:
    seen = answered()
    predictions.erase("42-7")
    assert not resend(seen)
    assert predictions.get("42-7") is None


def test_what_has_no_answer_cannot_be_sent_again(cloud: Cloud) -> None:
    created()
    with pytest.raises(ValueError, match="not been answered yet"):
        resend(stored())
    run_again(stored())
    with pytest.raises(ValueError, match="a further run answers in its place"):
        resend(stored())


def test_where_the_announcement_is_lost_the_next_minutes_send_it(cloud: Cloud) -> None:
    resend(answered())
    (one,) = predictions.open_before(now())
    assert due(one, now()) is None
    assert due(one, now() + timedelta(minutes=3)) is Step.ANNOUNCE


def test_the_wait_is_counted_from_the_asking(cloud: Cloud) -> None:
    """An answer of a week ago, sent once more, must not look like one that took a week."""
    resend(answered(age=timedelta(days=7)))
    predictions.mark_replied(predictions.claim("42-7"))
    buckets = {name: count for name, count in counted().items() if name.startswith("latency_")}
    assert sum(buckets.values()) == 2
    assert min(buckets) < "latency_20", "up to 100 s"


def test_a_verdict_is_the_last_one_given(cloud: Cloud) -> None:
    predictions.finish(created(), Outcome(model="m-1"))
    for verdict in ("right", "right", "wrong"):
        judged = verdicts.judge("42-7", verdict)
        assert judged
        assert judged.verdict == verdict == stored().verdict


def test_there_is_no_verdict_on_what_was_not_looked_at(cloud: Cloud) -> None:
    created()
    assert verdicts.judge("42-7", "right") is None
    assert verdicts.judge("42-8", "right") is None
    assert predictions.get("42-8") is None
    with pytest.raises(ValueError, match="'maybe' is no verdict"):
        verdicts.judge("42-7", "maybe")
