"""What the command line prints: text for people, and plain values for JSON. Pure, but for the clock."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from taskqueue.dead_letters import DeadLetter
from taskqueue.queues import Queue
from taskqueue.redrive import Redriven, Summary
from taskqueue.registry import BEAT_SECONDS, Worker
from taskqueue.tables import age, short, since, size, table

REASON_WIDTH = 60


def now() -> datetime:
    return datetime.now(UTC)


def status(queues_found: Sequence[Queue], workers_found: Sequence[Worker] | None, at: datetime, *, named: str = "") -> str:
    """Queues, workers, and below them what needs a look."""
    parts = [queues(queues_found)]
    parts.append("workers: the app has no registry" if workers_found is None else workers(workers_found, at))
    parts += ["\n".join(worth_a_look(queues_found, workers_found, at, named=named))]
    return "\n\n".join(part for part in parts if part)


def worth_a_look(queues_found: Sequence[Queue], workers_found: Sequence[Worker] | None, at: datetime, *, named: str = "") -> list[str]:
    """A line for each thing that should not be so, with the command that tells more; `named` is its option that names the app."""
    lines = [
        f"! {one.dead} dead behind {one.name}: python -m taskqueue dead-letters{named} --queue {one.name}"
        for one in queues_found
        if one.dead
    ]
    lines += [
        f"! {one.name} is paused since {since(one.paused.since, at)}, by {one.paused.by}: python -m taskqueue resume{named} {one.name}"
        for one in queues_found
        if one.paused
    ]
    lines += [f"! {one.name} has no dead-letter queue: its redrive policy names none" for one in queues_found if one.dead_url is None]
    if workers_found is not None:
        silent = [one for one in workers_found if one.state(at) == "silent"]
        lines += [f"! {one.worker} is silent for {since(one.heartbeat_at, at)}: killed, cut off, or without DynamoDB" for one in silent]
        if len(silent) == len(workers_found) and any(one.depth for one in queues_found):
            lines.append("! messages wait, and no worker is up")
    return lines


def queues(found: Sequence[Queue]) -> str:
    rows = [
        [
            one.name,
            str(one.depth),
            str(one.in_flight),
            str(one.delayed),
            "-" if one.dead is None else str(one.dead),
            _oldest(one),
            "paused" if one.paused else "",
        ]
        for one in found
    ]
    return table(["queue", ">waiting", ">in flight", ">delayed", ">dead", ">oldest", ""], rows)


def workers(found: Sequence[Worker], at: datetime) -> str:
    """A line for each worker, and below it one for each task that it runs."""
    if not found:
        return "no worker was heard of in the last minutes"
    columns = ["worker", "state", ">busy", ">done", ">failed", ">again", ">polled", ">up", ">memory", "instance", "versions"]
    lines = table(columns, [_worker(one, at) for one in found]).splitlines()
    out = lines[:1]
    for one, line in zip(found, lines[1:], strict=True):
        out.append(line)
        out += [f"    runs {task.name} {task.id} for {since(task.started_at, at)}" for task in one.running]
    return "\n".join(out)


def letters(found: Sequence[DeadLetter], at: datetime) -> str:
    if not found:
        return "no dead letters"
    rows = [
        [
            one.message_id[:8],
            one.queue,
            one.task or "-",
            _called(one),
            since(one.sent_at, at),
            str(one.receives),
            short(one.reason, REASON_WIDTH),
        ]
        for one in found
    ]
    return table(["id", "queue", "task", "arguments", ">sent", ">received", "reason"], rows)


def letter(one: DeadLetter, at: datetime) -> str:
    """All that is known of one."""
    lines = [
        f"letter     {one.message_id}",
        f"queue      {one.queue}",
        f"task       {one.task or '-'} {one.task_id}".rstrip(),
        f"arguments  {_called(one, width=2000)}",
        f"sent       {one.sent_at.isoformat(timespec='seconds') if one.sent_at else '-'} ({since(one.sent_at, at)} ago)",
        f"received   {one.receives} times",
        f"reason     {one.reason}",
    ]
    for burial in one.history:
        when = datetime.fromtimestamp(burial.at, UTC).isoformat(timespec="seconds")
        lines.append(f"history    {when} {burial.worker}, received {burial.receives} times: {burial.reason}: {burial.detail}")
    return "\n".join([*lines, f"body       {_readable(one.body)}"])


def redriven(one: Redriven) -> str:
    what = f"{one.letter.message_id[:8]} {one.letter.task or 'unreadable'} {_called(one.letter)}"
    return f"{what}: {one.outcome}" if one.done else f"{what}: LEFT: {one.outcome}"


def summary(total: Summary) -> str:
    rate = f", {total.redriven / total.seconds:.0f} a second" if total.seconds > 0 else ""
    lines = [f"{total.redriven} redriven in {total.seconds:.1f} s{rate}"]
    lines += [f"{total.failed} failed, and stay where they are"] if total.failed else []
    lines += [f"{total.left} others left where they are"] if total.left else []
    lines += ["interrupted: what is left can be redriven by the same command"] if total.interrupted else []
    return "\n".join(lines)


def paused(name: str, *, paused: bool, changed: bool) -> str:
    """What became of a wish to pause a queue, or to resume it."""
    state = "paused" if paused else "not paused"
    if not changed:
        return f"{name} was {state} already"
    return f"{name} is {state}: workers follow within some {BEAT_SECONDS} s" + ("; what runs goes on to its end" if paused else "")


def queue_as_plain(one: Queue) -> dict[str, Any]:
    """`paused` is null or has `since`, in ISO 8601, and `by`."""
    paused = {"since": one.paused.since.isoformat(timespec="milliseconds"), "by": one.paused.by} if one.paused else None
    return {**vars(one), "paused": paused}


def letter_as_plain(one: DeadLetter) -> dict[str, Any]:
    """Without the receipt: it is good for nothing afterwards."""
    plain = asdict(one) | {"reason": one.reason, "sent_at": one.sent_at.isoformat(timespec="milliseconds") if one.sent_at else None}
    plain["attributes"] = {name: value.get("StringValue", "(bytes)") for name, value in one.attributes.items()}
    del plain["receipt"]
    return plain


def _oldest(one: Queue) -> str:
    if one.oldest_seconds is None:
        return "unknown"
    return "-" if one.oldest_seconds == 0 else age(one.oldest_seconds)


def _worker(one: Worker, at: datetime) -> list[str]:
    return [
        one.worker,
        one.state(at),
        f"{one.busy}/{one.processes}",
        str(one.done),
        str(one.failed),
        str(one.redelivered),
        since(one.last_poll_at, at),
        since(one.started_at, at),
        size(one.memory_bytes),
        one.instance or "-",
        " ".join(f"{name} {version}" for name, version in one.versions.items()),
    ]


def _called(one: DeadLetter, width: int = 40) -> str:
    words = [repr(value) for value in one.arguments] + [f"{name}={value!r}" for name, value in one.keywords.items()]
    return short(", ".join(words) or "-", width)


def _readable(body: str) -> str:
    """kombu's base64 taken off, where that is what it is."""
    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError:
        return body
