"""The dead letters behind our queues, for an operator: list them, look at one, send them on their way again, drop them.

SQS shows a letter only by receiving it, so each look hides letters from other looks for a moment, and takes a second where it comes to
the end. Every function raises Unavailable.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

from detection import aws
from detection.celery import ANNOUNCE, DETECT, app
from detection.letters import redrive
from detection.prediction import chat_of
from taskqueue import queues
from taskqueue.dead_letters import DeadLetter, Graves, letters
from taskqueue.redrive import Hook, Redrive, Redriven, again

MOST_LISTED = 100  # of each queue
MOST_SEARCHED = 1_000  # of its queue, for one that is to be looked at
LONGEST_SECONDS = 20  # that somebody waits for letters to be redriven; what is left by then is left
_RATE = 50.0  # letters a second, as of `python -m taskqueue redrive --rate 50`


class NoSuchQueue(LookupError):
    """None of ours, or one without dead letters."""


def listed() -> list[DeadLetter]:
    """Of each queue up to MOST_LISTED, the oldest first."""
    with aws.translated("listing dead letters"):
        urls = queues.dead_urls(aws.sqs(), queues.urls(app))
        if not urls:
            return []
        with ThreadPoolExecutor(len(urls)) as threads:
            found = threads.map(lambda item: letters(Graves(aws.sqs(), *item), limit=MOST_LISTED), urls.items())
            return [letter for each in found for letter in each]


def one(queue: str, message_id: str) -> DeadLetter | None:
    """None: it is not among the MOST_SEARCHED that SQS shows first. Raises NoSuchQueue."""
    with aws.translated("looking for a dead letter"):
        found = letters(_graves(queue), limit=MOST_SEARCHED)
    return next((letter for letter in found if letter.message_id == message_id), None)


def send_on(queue: str, message_ids: Collection[str]) -> list[Redriven]:
    """Redrive these, as detection.letters says: a photo's letter becomes a new run. Returns what became of each that was found.

    Of several letters of one task the first is redriven and the others stay, for the next time. Raises NoSuchQueue.
    """
    return _each(queue, message_ids, redrive)


def drop(queue: str, message_ids: Collection[str]) -> list[Redriven]:
    """Delete these; else as `send_on`. What a photo's letter was about is not touched: `reconcile` still sends it again, or gives it up."""
    return _each(queue, message_ids, _drop)


def about(letter: DeadLetter) -> str:
    """The id of the prediction that it is about; empty where it is about none."""
    if letter.task not in (DETECT, ANNOUNCE) or not letter.arguments:
        return ""
    name = str(letter.arguments[0])
    try:
        chat_of(name)
    except ValueError:
        return ""
    return name


def readable(body: str, *, longest: int = 20_000) -> str:
    """The body of a letter with kombu's base64 taken off, where that is what it is, and no longer than this."""
    try:
        text = base64.b64decode(body, validate=True).decode()
    except ValueError:
        text = body
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def _each(queue: str, message_ids: Collection[str], hook: Hook) -> list[Redriven]:
    told: list[Redriven] = []
    stop = threading.Event()
    clock = threading.Timer(LONGEST_SECONDS, stop.set)
    clock.start()
    try:
        with aws.translated("settling dead letters"):
            run = Redrive(
                _graves(queue),
                lambda letter: again(aws.sqs(), queues.urls(app)[queue], letter),
                hook,
                _RATE,
                len(set(message_ids)),
                wanted=lambda letter: letter.message_id in message_ids,
                told=told.append,
                stop=stop,
            )
            run.run()
    finally:
        clock.cancel()
    return told


def _graves(queue: str) -> Graves:
    urls = queues.dead_urls(aws.sqs(), queues.urls(app))
    if queue not in urls:
        raise NoSuchQueue(f"there is no queue {queue!r} with dead letters: there are {', '.join(urls)}")
    return Graves(aws.sqs(), queue, urls[queue])


def _drop(letter: DeadLetter, send_again: Callable[[], None]) -> str:  # noqa: ARG001  # a hook's signature
    return "dropped"
