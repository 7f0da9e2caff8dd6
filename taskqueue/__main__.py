"""`python -m taskqueue`: look at queues, workers and dead letters, and send dead letters on their way again."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from celery import Celery
from celery.app.utils import find_app

from taskqueue import clients, operating, queues, shown
from taskqueue.dead_letters import DeadLetter, Graves, find, letters, named
from taskqueue.pauses import Pauses
from taskqueue.redrive import Redrive, Redriven, Summary, again
from taskqueue.registry import Registry, Worker, as_plain

ABOUT = """\
Look at the queues, the workers and the dead letters of a Celery app on SQS, and send dead letters on their way again.

The app is named as for `celery -A`, or by the variable CELERY_APP. Its queues are the predefined ones of its broker_transport_options,
a dead-letter queue is the one that its queue's redrive policy names, and workers are those in the DynamoDB table that the app's
taskqueue_registry_table names."""

EXAMPLES = """\
examples:
  python -m taskqueue status -A proj                         all at a glance
  python -m taskqueue workers -A proj --json                 for a program
  python -m taskqueue dead-letters -A proj --queue photos    what lies behind one queue, and why
  python -m taskqueue dead-letters 5f0c -A proj              all about the letter whose id, or whose task's, begins with 5f0c
  python -m taskqueue redrive 5f0c -A proj                   that one
  python -m taskqueue redrive --all --rate 50 -A proj        all, 50 a second; interrupt it when you like, none is lost
  python -m taskqueue pause photos -A proj                   workers leave this queue alone
  python -m taskqueue resume photos -A proj                  … and read it again"""


class Refused(Exception):
    """The command can't be done as it was given; the text says why, and what to do."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 where it did its work, 1 where the answer is no, 2 where something is wrong."""
    arguments = parser().parse_args(argv)
    try:
        run: Callable[[Celery, argparse.Namespace], int] = arguments.run
        return run(_app(arguments), arguments)
    except (Refused, ImportError, AttributeError) as error:
        print(f"python -m taskqueue: {error}", file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"python -m taskqueue: AWS did not do its part: {error}", file=sys.stderr)
    except BrokenPipeError:  # `| head` has seen enough
        sys.stderr.close()
    return 2


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m taskqueue", description=ABOUT, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = argparse.ArgumentParser(add_help=False)
    for one in (found, shared):  # so that -A may stand before the command, as Celery has it, or after it
        one.add_argument("-A", "--app", default=argparse.SUPPRESS, help="the Celery app, such as proj.celery (else: CELERY_APP)")
    shared.add_argument("--json", action="store_true", help="one JSON object instead of tables; times in ISO 8601, ages in seconds")
    commands = found.add_subparsers(dest="command", required=True, metavar="command")

    def add(name: str, run: Callable[[Celery, argparse.Namespace], int], help_text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[shared], help=help_text, description=help_text)
        command.set_defaults(run=run)
        return command

    add("status", _status, "queues, workers and what needs a look, at a glance")
    add("workers", _workers, "each worker, what it runs and since when")
    add("queues", _queues, "each queue: waiting, in flight, delayed, dead, and the age of the oldest")
    listing = add("dead-letters", _dead_letters, "list dead letters with their reasons, or show one with all that is known of it")
    listing.add_argument("id", nargs="?", help="the beginning of a letter's id or of its task's: show this one")
    redriving = add("redrive", _redrive, "send dead letters on their way again, as the application defines it; first sent, then deleted")
    redriving.add_argument("id", nargs="*", help="the beginnings of ids of letters or of their tasks")
    redriving.add_argument("--all", action="store_true", help="all there are")
    redriving.add_argument("--task", help="only letters of the task with this name")
    redriving.add_argument("--rate", type=_positive, default=10.0, help="letters a second (default: %(default)g)")
    for name, what in (("pause", "have workers read a queue no more, within some ten seconds"), ("resume", "have them read it again")):
        add(name, _set_paused, what).add_argument("queue", help="its name")
    for command in (listing, redriving):
        command.add_argument("--queue", help="only those behind this queue (default: behind all)")
        command.add_argument("--limit", type=int, default=None, help="at most so many (default: 100 are listed, all are redriven)")
    return found


def _status(app: Celery, arguments: argparse.Namespace) -> int:
    found, workers = _look(app), _listed(app)
    if arguments.json:
        _print_json({"queues": [shown.queue_as_plain(one) for one in found], "workers": _workers_as_plain(workers)})
    else:
        print(shown.status(found, workers, shown.now(), named=f" -A {arguments.app}" if "app" in arguments else ""))
    return 0


def _workers(app: Celery, arguments: argparse.Namespace) -> int:
    workers = _listed(app)
    if workers is None:
        raise Refused(f"the app has no registry: set {operating.REGISTRY} to the name of its DynamoDB table")
    if arguments.json:
        _print_json({"workers": _workers_as_plain(workers)})
    else:
        print(shown.workers(workers, shown.now()))
    return 0


def _queues(app: Celery, arguments: argparse.Namespace) -> int:
    found = _look(app)
    if arguments.json:
        _print_json({"queues": [shown.queue_as_plain(one) for one in found]})
    else:
        print(shown.queues(found))
    return 0


def _set_paused(app: Celery, arguments: argparse.Namespace) -> int:
    name, table = arguments.queue, operating.setting(app, operating.REGISTRY)
    _check_name(name, queues.urls(app))
    if not table:
        raise Refused(f"the app has no registry, which is where workers look for it: set {operating.REGISTRY}")
    pauses, pausing = Pauses(clients.make("dynamodb"), table), arguments.command == "pause"
    changed = pauses.pause(name, by="python -m taskqueue", at=shown.now()) if pausing else pauses.resume(name)
    if arguments.json:
        _print_json({"queue": name, "paused": pausing, "changed": changed})
    else:
        print(shown.paused(name, paused=pausing, changed=changed))
    return 0


def _dead_letters(app: Celery, arguments: argparse.Namespace) -> int:
    graves = _graves(app, arguments.queue)
    if arguments.id:
        letter = next((one for grave in graves if (one := find(grave, arguments.id))), None)
        if letter is None:
            print(f"there is no letter, or more than one, whose id or whose task's id begins with {arguments.id}", file=sys.stderr)
            return 1
        _print_json(shown.letter_as_plain(letter)) if arguments.json else print(shown.letter(letter, shown.now()))
        return 0
    found = [one for grave in graves for one in letters(grave, limit=arguments.limit or 100)]
    if arguments.json:
        _print_json({"dead_letters": [shown.letter_as_plain(one) for one in found]})
    else:
        print(shown.letters(found, shown.now()))
    return 0


def _redrive(app: Celery, arguments: argparse.Namespace) -> int:
    if bool(arguments.id) == arguments.all:
        raise Refused("say which letters: their ids, or --all")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    total = Summary()
    for grave in _graves(app, arguments.queue):
        total.include(_run(app, grave, arguments, limit=(arguments.limit or 1_000_000) - total.redriven - total.failed, stop=stop))
    if arguments.json:
        _print_json(vars(total))
    else:
        print(shown.summary(total))
    return 0 if total.redriven and not total.failed and not total.interrupted else 1


def _run(app: Celery, graves: Graves, arguments: argparse.Namespace, *, limit: int, stop: threading.Event) -> Summary:
    sqs, url = clients.make("sqs"), queues.urls(app)[graves.queue]

    def wanted(letter: DeadLetter) -> bool:
        by_id = arguments.all or any(named(letter, name) for name in arguments.id)
        return by_id and arguments.task in (None, letter.task)

    def told(one: Redriven) -> None:
        if not arguments.json:
            print(shown.redriven(one), flush=True)

    hook = operating.hook(app, operating.REDRIVE)
    run = Redrive(graves, lambda letter: again(sqs, url, letter), hook, arguments.rate, limit, wanted=wanted, told=told, stop=stop)
    return run.run()


def _app(arguments: argparse.Namespace) -> Celery:
    name = getattr(arguments, "app", "") or os.environ.get("CELERY_APP", "")
    if not name:
        raise Refused("which app? Name it with -A, such as -A proj.celery, or in the variable CELERY_APP")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as `celery -A` does
    app: Celery = find_app(name)
    if not queues.urls(app):
        raise Refused(f"{name} predefines no queues: its broker_transport_options need predefined_queues, as taskqueue.config makes them")
    return app


def _look(app: Celery) -> list[queues.Queue]:
    table = operating.setting(app, operating.REGISTRY)
    paused = Pauses(clients.make("dynamodb"), table).all() if table else {}
    return queues.look(app, clients.make("sqs"), clients.make("cloudwatch", attempts=1), paused=paused)


def _listed(app: Celery) -> list[Worker] | None:
    table = operating.setting(app, operating.REGISTRY)
    return Registry(clients.make("dynamodb"), table).workers(shown.now()) if table else None


def _workers_as_plain(workers: list[Worker] | None) -> list[dict[str, Any]] | None:
    return None if workers is None else [as_plain(one) | {"state": one.state(shown.now())} for one in workers]


def _graves(app: Celery, only: str | None) -> list[Graves]:
    known = queues.urls(app)
    if only:
        _check_name(only, known)
    sqs = clients.make("sqs")
    return [Graves(sqs, name, url) for name, url in queues.dead_urls(sqs, known).items() if only in (None, name)]


def _check_name(name: str, known: Mapping[str, str]) -> None:
    if name not in known:
        raise Refused(f"there is no queue {name}: the app has {', '.join(known)}")


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text} is no rate: it has to be more than 0")
    return number


def _print_json(plain: object) -> None:
    print(json.dumps(plain, indent=2))


if __name__ == "__main__":
    sys.exit(main())
