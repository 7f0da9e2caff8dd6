"""POST /results over a socket: signed, and queued again with the site's own delay where it isn't taken."""

from __future__ import annotations

import pytest

from botgateway import telegram
from detection import config, predictions, signature
from detection.announce import RETRY_SECONDS, TIMEOUT, NotAnnounced, announce, post
from detection.clock import now
from detection.prediction import Failure
from detection.predictions import Outcome
from tests import queues
from tests.clouds import Cloud
from tests.detection.test_predictions import created
from tests.results_server import ResultsServer


def test_it_is_signed_for_this_prediction(results_server: ResultsServer, cloud: Cloud) -> None:
    post("42-7")
    ((prediction_id, header),) = results_server.announced
    assert prediction_id == "42-7"
    signature.verify(header, "42-7", now=now(), keys=config.worker().key_ring)


def test_the_site_has_time_to_hear_telegram_out() -> None:
    assert TIMEOUT.read_timeout is not None
    assert TIMEOUT.read_timeout > telegram.TOTAL_SECONDS


def test_a_prediction_that_the_site_does_not_know_is_dropped(results_server: ResultsServer, cloud: Cloud) -> None:
    results_server.answers = [(404, None)]
    announce("42-7")
    assert queues.depth("answers") == (0, 0, 0)


@pytest.mark.parametrize(
    ("status", "retry_after", "delay"),
    [
        (409, "12", 12),
        (503, "3", 3),
        (503, "5000", 900),  # SQS holds a message for 900 s at most; the site refuses it again until Telegram's time is over
        (503, None, RETRY_SECONDS),
        (503, "soon", RETRY_SECONDS),
        (503, "0", 1),
        (401, None, RETRY_SECONDS),
        (500, None, RETRY_SECONDS),
        (302, None, RETRY_SECONDS),
    ],
)
def test_what_is_not_taken_waits(results_server: ResultsServer, cloud: Cloud, status: int, retry_after: str | None, delay: int) -> None:
    results_server.answers = [(status, retry_after)]
    with pytest.raises(NotAnnounced) as refused:
        post("42-7")
    assert refused.value.delay == delay


def test_it_waits_in_the_queue_and_not_in_a_process(results_server: ResultsServer, cloud: Cloud) -> None:
    name = created()
    predictions.finish(name, Outcome(failure=Failure.DAMAGED))
    results_server.answers = [(503, "60")]
    announce(name)
    assert queues.depth("answers") == (0, 0, 1)
    stored = predictions.get(name)
    assert stored is not None
    assert stored.announce_at is not None
    assert 55 < (stored.announce_at - now()).total_seconds() <= 60


def test_a_site_that_is_away_is_waited_for(results_server: ResultsServer, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESULTS_URL", "http://127.0.0.1:9/results")
    config.forget()
    announce("42-7")
    assert queues.depth("answers") == (0, 0, 1)


def test_a_refused_signature_is_alarmed_without_a_secret(
    results_server: ResultsServer, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    results_server.answers = [(401, None)]
    announce("42-7")
    alarms = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(alarms) == 1
    assert alarms[0].startswith("42-7 refused: ")
    assert not any(secret in caplog.text for secret in config.worker().key_ring.values())
