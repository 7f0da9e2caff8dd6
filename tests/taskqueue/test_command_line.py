"""`python -m taskqueue`: tables for people, JSON for programs, and a word on what it can't do."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskqueue import clients, shown
from taskqueue.__main__ import parser
from taskqueue.operating import operating_settings
from taskqueue.pauses import Pause
from taskqueue.queues import Queue, dead_urls
from taskqueue.registry import Registry, RunningTask, Worker, create_table
from tests.emulators import ROOT
from tests.settings import CLOSED, ENVIRONMENT
from tests.taskqueue.project import Project
from tests.taskqueue.test_dead_letters import bury, sent

APP = "tests.taskqueue.app"
AT = datetime(2026, 11, 23, 22, 38, 4, tzinfo=UTC)
QUEUES = [
    Queue(name="answers", url="u", depth=0, in_flight=0, delayed=2, dead_url="d", dead=0, oldest_seconds=0),
    Queue(
        name="photos",
        url="u",
        depth=1200,
        in_flight=4,
        delayed=0,
        dead_url="d",
        dead=3,
        oldest_seconds=95.4,
        oldest_from="application",
        paused=Pause("photos", AT - timedelta(minutes=2), "olga"),
    ),
    Queue(name="lone", url="u", depth=1, in_flight=0, delayed=0, dead_url=None, dead=None),
]
UP = Worker(
    worker="celery@vm/4711",
    host="vm",
    started_at=AT - timedelta(hours=3),
    heartbeat_at=AT - timedelta(seconds=4),
    versions={"python": "3.11.7"},
    processes=4,
    memory_bytes=631_000_000,
    busy=1,
    running=(RunningTask(id="5f0c", name="detect", started_at=AT - timedelta(seconds=2)),),
    last_poll_at=AT - timedelta(seconds=5),
    done=512,
)
SILENT = Worker(worker="celery@gone/1", host="gone", started_at=AT, heartbeat_at=AT - timedelta(minutes=3))


def taskqueue(
    *arguments: str, project: Project | None = None, settings: dict[str, Any] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    told = {"PATH": os.environ["PATH"], **ENVIRONMENT}
    if project:
        told |= {"QUEUES": json.dumps(project.urls), "SETTINGS": json.dumps(settings or {}), "AWS_ENDPOINT_URL": project.endpoint}
    command = [sys.executable, "-m", "taskqueue", *arguments]
    return subprocess.run(command, cwd=ROOT, env=told | environment, capture_output=True, text=True, timeout=60, check=False)


def test_status_is_tables_and_what_needs_a_look() -> None:
    assert (
        shown.status(QUEUES, [UP, SILENT], AT, named=" -A proj")
        == """\
queue    waiting  in flight  delayed  dead   oldest
answers        0          0        2     0        -
photos      1200          4        0     3     95 s  paused
lone           1          0        0     -  unknown

worker          state   busy  done  failed  again  polled     up  memory  instance  versions
celery@vm/4711  up       1/4   512       0      0     5 s  3.0 h  631 MB  -         python 3.11.7
    runs detect 5f0c for 2 s
celery@gone/1   silent   0/0     0       0      0       -    0 s       -  -

! 3 dead behind photos: python -m taskqueue dead-letters -A proj --queue photos
! photos is paused since 2 min, by olga: python -m taskqueue resume -A proj photos
! lone has no dead-letter queue: its redrive policy names none
! celery@gone/1 is silent for 3 min: killed, cut off, or without DynamoDB"""
    )


def test_messages_that_wait_for_nobody_are_pointed_out() -> None:
    assert "! messages wait, and no worker is up" in shown.status(QUEUES, [SILENT], AT)
    assert "! messages wait, and no worker is up" not in shown.status(QUEUES, [UP], AT)
    assert "no worker is up" not in shown.status(QUEUES, None, AT)


def test_help_names_every_command_and_shows_examples_that_parse() -> None:
    told = taskqueue("--help")
    assert told.returncode == 0
    examples = re.findall(r"^  python -m taskqueue (.*?) {2,}\S", told.stdout, flags=re.MULTILINE)
    assert {example.split()[0] for example in examples} == {"status", "workers", "dead-letters", "redrive", "pause", "resume"}
    for example in examples:
        parser().parse_args(example.split())


@pytest.mark.parametrize("arguments", [("-A", APP, "status"), ("status", "-A", APP), ("status",)])
def test_the_app_is_named_before_or_after_the_command_or_by_the_environment(project: Project, arguments: tuple[str, ...]) -> None:
    told = taskqueue(*arguments, project=project, CELERY_APP="" if "-A" in arguments else APP)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[1].split() == ["work", "0", "0", "0", "0", "-"]
    assert "no registry" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("status",), "CELERY_APP"),
        (("status", "-A", "no.such.app"), "no"),
        (("workers", "-A", APP), "taskqueue_registry_table"),
        (("redrive", "-A", APP), "--all"),
        (("redrive", "x", "--all", "-A", APP), "--all"),
        (("dead-letters", "--queue", "nowhere", "-A", APP), "work"),
        (("redrive", "--all", "--rate", "0", "-A", APP), "--rate"),
        (("pause", "nowhere", "-A", APP), "work"),
        (("pause", "work", "-A", APP), "taskqueue_registry_table"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(project: Project, arguments: tuple[str, ...], word: str) -> None:
    told = taskqueue(*arguments, project=project)
    assert told.returncode == 2
    assert word in told.stderr
    assert "Traceback" not in told.stderr


def test_aws_out_of_reach_is_said_in_a_line(project: Project) -> None:
    told = taskqueue("queues", "-A", APP, project=project, AWS_ENDPOINT_URL=CLOSED)
    assert (told.returncode, "Traceback" in told.stderr) == (2, False)
    assert "AWS did not do its part" in told.stderr


def test_a_program_gets_all_of_it_as_json(project: Project) -> None:
    table = f"{project.prefix}-workers"
    create_table(clients.make("dynamodb"), table)
    Registry(clients.make("dynamodb"), table).put(Worker(worker="w/1", host="w", started_at=AT, heartbeat_at=datetime.now(UTC), done=7))
    project.send("run", "one")
    settings = operating_settings(registry_table=table)
    status = json.loads(taskqueue("status", "--json", "-A", APP, project=project, settings=settings).stdout)
    assert [(one["name"], one["depth"], one["oldest_seconds"]) for one in status["queues"]] == [("work", 1, None)]
    assert [(one["worker"], one["done"], one["state"], one["running"]) for one in status["workers"]] == [("w/1", 7, "up", [])]
    for command, key in (("workers", "workers"), ("queues", "queues")):
        assert len(json.loads(taskqueue(command, "--json", "-A", APP, project=project, settings=settings).stdout)[key]) == 1
    assert "w/1" in taskqueue("workers", "-A", APP, project=project, settings=settings).stdout


def test_letters_are_listed_shown_and_redriven(project: Project) -> None:
    bury(project, 3)
    listed = json.loads(taskqueue("dead-letters", "--json", "-A", APP, project=project).stdout)["dead_letters"]
    assert sorted(one["arguments"] for one in listed) == [["letter0"], ["letter1"], ["letter2"]]
    table = taskqueue("dead-letters", "-A", APP, project=project).stdout
    assert table.count("'letter") == 3
    one = taskqueue("dead-letters", listed[0]["message_id"][:13], "-A", APP, project=project).stdout
    assert repr(listed[0]["arguments"][0]) in one
    assert '"task": "run"' in one  # its body, readable
    told = taskqueue("redrive", listed[0]["task_id"], "-A", APP, project=project)
    assert (told.returncode, sent(project)) == (0, listed[0]["arguments"])
    assert "1 redriven" in told.stdout
    summary = json.loads(taskqueue("redrive", "--all", "--json", "--rate", "100", "-A", APP, project=project).stdout)
    assert (summary["redriven"], summary["failed"], summary["outcomes"]) == (2, 0, {"sent again": 2})


def test_an_answer_that_is_no_is_told_by_the_exit_code(project: Project) -> None:
    bury(project, 1, text="hopeless")
    assert taskqueue("dead-letters", "nothing-like-it", "-A", APP, project=project).returncode == 1
    assert taskqueue("redrive", "nothing-like-it", "-A", APP, project=project).returncode == 1
    told = taskqueue(
        "redrive", "--all", "-A", APP, project=project, settings=operating_settings(redrive="tests.taskqueue.operations:refuse")
    )
    assert (told.returncode, "LEFT: RuntimeError: not with this one" in told.stdout) == (1, True)


def test_an_interruption_ends_it_after_what_is_under_way(project: Project) -> None:
    dead = dead_urls(project.sqs, project.urls)["work"]
    bury(project, 20)
    environment = ENVIRONMENT | {"QUEUES": json.dumps(project.urls), "AWS_ENDPOINT_URL": project.endpoint, "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "taskqueue", "redrive", "--all", "--rate", "4", "-A", APP]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "sent again" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        assert process.wait(20) == 1
    assert "interrupted" in out
    left = project.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert int(left["ApproximateNumberOfMessages"]) + len(sent(project)) == 20
