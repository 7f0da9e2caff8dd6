"""How full the queues are, and since when the oldest message waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskqueue import clients
from taskqueue.operating import operating_settings
from taskqueue.queues import Queue, look, told_by_cloudwatch, urls
from tests.settings import CLOSED
from tests.taskqueue.project import Project

both_emulators = pytest.mark.parametrize("endpoint", ["ministack", "moto"], indirect=True)
SOME = Queue(name="photos", url="http://sqs/0/polybot-photos", depth=3, in_flight=1, delayed=0, dead_url=None, dead=None)


class CloudWatch:
    """Answers as CloudWatch does, and remembers what it was asked."""

    def __init__(self, *ages: list[float]) -> None:
        self.ages = ages
        self.asked: dict[str, Any] = {}

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        queries = asked["MetricDataQueries"]
        return {"MetricDataResults": [{"Id": one["Id"], "Values": ages} for one, ages in zip(queries, self.ages, strict=True)]}


def by_name(project: Project, **more: Any) -> dict[str, Queue]:
    return {queue.name: queue for queue in look(project.app, clients.make("sqs"), **more)}


@both_emulators
def test_messages_are_counted_and_left_alone(three_queues: Project) -> None:
    for text in ("one", "two", "three"):
        three_queues.send("run", text, queue="first")
    three_queues.send("run", "later", queue="second", DelaySeconds=900)
    three_queues.sqs.receive_message(QueueUrl=three_queues.urls["first"])
    found = by_name(three_queues)
    assert list(found) == ["first", "second", "third"]
    assert [(one.depth, one.in_flight, one.delayed, one.dead) for one in found.values()] == [(2, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 0)]
    assert three_queues.depth("first") == (2, 1)


@both_emulators
def test_a_queue_without_dead_letters_is_shown_as_one(project: Project) -> None:
    project.sqs.set_queue_attributes(QueueUrl=project.urls["work"], Attributes={"RedrivePolicy": ""})
    assert (by_name(project)["work"].dead_url, by_name(project)["work"].dead) == (None, None)


def test_the_oldest_is_as_old_as_the_application_says_and_else_unknown(three_queues: Project) -> None:
    three_queues.app.conf.update(operating_settings(oldest="tests.taskqueue.operations:oldest"))
    three_queues.send("run", "one", queue="third")
    found = by_name(three_queues)
    assert found["first"].oldest_seconds == pytest.approx(600, abs=5)
    assert found["first"].oldest_from == "application"
    assert (found["second"].oldest_seconds, found["second"].oldest_from) == (0, "application")
    assert (found["third"].oldest_seconds, found["third"].oldest_from) == (None, "")


def test_an_application_that_cannot_tell_keeps_nothing_from_being_shown(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    project.app.conf.update(operating_settings(oldest="tests.taskqueue.operations:out_of_order"))
    project.send("run", "one")
    assert by_name(project)["work"].oldest_seconds is None
    assert "the table is away" in caplog.text


def test_in_an_empty_queue_nothing_is_old(project: Project) -> None:
    assert by_name(project)["work"].oldest_seconds == 0


def test_cloudwatch_is_asked_for_what_the_application_does_not_know(three_queues: Project) -> None:
    three_queues.app.conf.update(operating_settings(oldest="tests.taskqueue.operations:oldest"))
    three_queues.send("run", "one", queue="third")
    cloudwatch = CloudWatch([42.0, 17.0])
    third = by_name(three_queues, cloudwatch=cloudwatch)["third"]
    assert (third.oldest_seconds, third.oldest_from) == (42, "CloudWatch")
    (query,) = cloudwatch.asked["MetricDataQueries"]
    assert query["MetricStat"]["Metric"]["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert query["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "QueueName", "Value": f"{three_queues.prefix}-third"}]


def test_cloudwatch_without_figures_says_nothing() -> None:
    assert told_by_cloudwatch(CloudWatch([]), [SOME]) == {}


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
def test_an_emulated_cloudwatch_takes_the_question_and_gives_the_age(project: Project) -> None:
    name = project.urls["work"].rsplit("/", 1)[1]
    told = {"MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": [{"Name": "QueueName", "Value": name}], "Value": 33.0}
    clients.make("cloudwatch").put_metric_data(
        Namespace="AWS/SQS", MetricData=[told | {"Timestamp": datetime.now(UTC) - timedelta(minutes=2)}]
    )
    queue = Queue(**{**vars(SOME), "url": project.urls["work"]})
    assert told_by_cloudwatch(clients.make("cloudwatch"), [queue]) == {"photos": 33.0}


def test_no_cloudwatch_at_all_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", CLOSED)
    assert told_by_cloudwatch(clients.make("cloudwatch", attempts=1), [SOME]) == {}


def test_queues_are_in_the_order_in_which_the_app_has_them(three_queues: Project) -> None:
    assert urls(three_queues.app) == three_queues.urls
