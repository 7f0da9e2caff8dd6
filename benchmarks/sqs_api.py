"""The actions of SQS's JSON protocol on queues in memory: one function each, from a request's parameters to an answer's."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
from collections.abc import Callable
from typing import Any

from benchmarks.queue_state import InvalidReceipt, Message, NotInFlight, Queue, Record

MAX_BYTES = 1_048_576  # of a message, and of a batch
Parameters = dict[str, Any]


class Refused(Exception):
    """An answer of SQS that is an error: its code, and what it says."""

    def __init__(self, code: str, message: str, *, status: int = 400, query_code: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status
        self.query_code = query_code or code  # what clients of the old protocol know it by; botocore reports this one


class Account:
    """All queues, and what is asked of them. `duplicates` is the share of messages that is delivered twice."""

    def __init__(self, *, address: str, record: Record, clock: Callable[[], float] = time.time, seed: int = 0) -> None:
        self.address = address
        self.queues: dict[str, Queue] = {}
        self.duplicates = 0.0
        self.partial = False  # every third entry of a batch fails
        self._interruptions = 0
        self._record, self._clock = record, clock
        self._random = random.Random(seed)  # noqa: S311 - not a secret

    async def answer(self, action: str, parameters: Parameters) -> Parameters:
        """Do what is asked; raises Refused."""
        if action == "ReceiveMessage":
            return await self._receive(parameters)
        handler = _ACTIONS.get(action)
        if handler is None:
            raise Refused("InvalidAction", f"The action {action} is not one that this server does.")
        return handler(self, parameters)

    def interrupt(self) -> None:
        """End every long poll now."""
        self._interruptions += 1
        for queue in self.queues.values():
            for tell in list(queue.changed):
                tell()

    def queue(self, parameters: Parameters) -> Queue:
        name = str(parameters.get("QueueUrl", "")).rsplit("/", 1)[-1]
        if name not in self.queues:
            code = "AWS.SimpleQueueService.NonExistentQueue"
            raise Refused("QueueDoesNotExist", "The specified queue does not exist.", query_code=code)
        return self.queues[name]

    def create_queue(self, parameters: Parameters) -> Parameters:
        name = parameters["QueueName"]
        if name not in self.queues:
            self.queues[name] = Queue(name, clock=self._clock, record=self._record)
        self.set_attributes({"QueueUrl": name, "Attributes": parameters.get("Attributes", {})})
        return {"QueueUrl": self._url(name)}

    def set_attributes(self, parameters: Parameters) -> Parameters:
        queue, given = self.queue(parameters), parameters["Attributes"]
        queue.attributes |= {name: str(value) for name, value in given.items()}
        queue.visibility = float(queue.attributes.get("VisibilityTimeout", 30))
        queue.delay = float(queue.attributes.get("DelaySeconds", 0))
        if policy := json.loads(queue.attributes.get("RedrivePolicy") or "{}"):
            queue.max_receives = int(policy["maxReceiveCount"])
            queue.dead = self.queue({"QueueUrl": policy["deadLetterTargetArn"].replace(":", "/")})
        return {}

    def get_queue_url(self, parameters: Parameters) -> Parameters:
        return {"QueueUrl": self._url(self.queue({"QueueUrl": parameters["QueueName"]}).name)}

    def list_queues(self, parameters: Parameters) -> Parameters:
        prefix = parameters.get("QueueNamePrefix", "")
        return {"QueueUrls": [self._url(name) for name in self.queues if name.startswith(prefix)]}

    def get_attributes(self, parameters: Parameters) -> Parameters:
        queue = self.queue(parameters)
        visible, in_flight, delayed = queue.counts()
        known = {
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(in_flight),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
            "QueueArn": f"arn:aws:sqs:eu-west-1:000000000000:{queue.name}",
            "VisibilityTimeout": f"{queue.visibility:g}",
            "DelaySeconds": f"{queue.delay:g}",
        } | queue.attributes
        wanted = parameters.get("AttributeNames", [])
        return {"Attributes": {name: value for name, value in known.items() if "All" in wanted or name in wanted}}

    def send(self, parameters: Parameters) -> Parameters:
        queue, body, delay = self.queue(parameters), parameters["MessageBody"], parameters.get("DelaySeconds")
        _check_size(len(body.encode()))
        if delay is not None and not 0 <= delay <= 900:
            raise Refused(
                "InvalidParameterValue",
                f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
            )
        copies = 2 if self._random.random() < self.duplicates else 1
        attributes, group = parameters.get("MessageAttributes"), parameters.get("MessageGroupId")
        name = queue.send(body, attributes=attributes, group=group, delay=delay, copies=copies)
        return {"MessageId": name, "MD5OfMessageBody": _md5(body)}

    def send_batch(self, parameters: Parameters) -> Parameters:
        _check_size(sum(len(entry.get("MessageBody", "").encode()) for entry in parameters.get("Entries", [])), code="BatchRequestTooLong")
        return self._batch(parameters, self.send)

    def delete(self, parameters: Parameters) -> Parameters:
        try:
            self.queue(parameters).delete(parameters["ReceiptHandle"])
        except InvalidReceipt as invalid:
            raise _invalid_receipt(invalid) from None
        return {}

    def delete_batch(self, parameters: Parameters) -> Parameters:
        return self._batch(parameters, self.delete)

    def change_visibility(self, parameters: Parameters) -> Parameters:
        seconds = parameters["VisibilityTimeout"]
        if not 0 <= seconds <= 43_200:
            raise Refused(
                "InvalidParameterValue", f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200."
            )
        try:
            self.queue(parameters).change_visibility(parameters["ReceiptHandle"], seconds)
        except InvalidReceipt as invalid:
            raise _invalid_receipt(invalid) from None
        except NotInFlight:
            code = "AWS.SimpleQueueService.MessageNotInflight"
            raise Refused("MessageNotInflight", "The message referred to is not in flight.", query_code=code) from None
        return {}

    def change_visibility_batch(self, parameters: Parameters) -> Parameters:
        return self._batch(parameters, self.change_visibility)

    async def _receive(self, parameters: Parameters) -> Parameters:
        queue, limit = self.queue(parameters), parameters.get("MaxNumberOfMessages", 1)
        if not 1 <= limit <= 10:
            raise Refused(
                "InvalidParameterValue",
                f"Value {limit} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
            )
        visibility = parameters.get("VisibilityTimeout")
        deadline = self._clock() + float(parameters.get("WaitTimeSeconds", queue.attributes.get("ReceiveMessageWaitTimeSeconds", 0)))
        began_at = self._interruptions
        while not (found := queue.receive(limit, visibility=visibility)) and self._clock() < deadline and began_at == self._interruptions:
            await self._change(queue, deadline)
        return {"Messages": [_received(message) for message in found]} if found else {}

    async def _change(self, queue: Queue, deadline: float) -> None:
        """Return when something may be visible, at the latest at the deadline."""
        changed = asyncio.Event()
        queue.changed.append(changed.set)
        upcoming = queue.next_change()
        until = deadline if upcoming is None else min(deadline, upcoming)
        try:
            async with asyncio.timeout(max(until - self._clock(), 0.001)):
                await changed.wait()
        except TimeoutError:
            pass
        finally:
            queue.changed.remove(changed.set)

    def _batch(self, parameters: Parameters, one: Callable[[Parameters], Parameters]) -> Parameters:
        entries = parameters.get("Entries", [])
        _check_entries([entry["Id"] for entry in entries])
        self.queue(parameters)
        successful: list[Parameters] = []
        failed: list[Parameters] = []
        for position, entry in enumerate(entries):
            try:
                self._check_partial(position)
                successful.append({"Id": entry["Id"]} | one(entry | {"QueueUrl": parameters["QueueUrl"]}))
            except Refused as refused:
                failed.append(
                    {"Id": entry["Id"], "SenderFault": refused.status < 500, "Code": refused.query_code, "Message": refused.message}
                )
        return {"Successful": successful, "Failed": failed}

    def _check_partial(self, position: int) -> None:
        if self.partial and position % 3 == 1:
            raise Refused("InternalError", "This entry failed, others did not.", status=500)

    def _url(self, name: str) -> str:
        return f"{self.address}/000000000000/{name}"


_ACTIONS: dict[str, Callable[[Account, Parameters], Parameters]] = {
    "CreateQueue": Account.create_queue,
    "GetQueueUrl": Account.get_queue_url,
    "ListQueues": Account.list_queues,
    "GetQueueAttributes": Account.get_attributes,
    "SetQueueAttributes": Account.set_attributes,
    "SendMessage": Account.send,
    "SendMessageBatch": Account.send_batch,
    "DeleteMessage": Account.delete,
    "DeleteMessageBatch": Account.delete_batch,
    "ChangeMessageVisibility": Account.change_visibility,
    "ChangeMessageVisibilityBatch": Account.change_visibility_batch,
}


def _received(message: Message) -> Parameters:
    """All system attributes, whichever were asked for: no client minds more than it wanted."""
    system = {
        "ApproximateReceiveCount": str(message.receives),
        "SentTimestamp": str(int(message.sent_at * 1000)),
        "ApproximateFirstReceiveTimestamp": str(int(message.first_received_at * 1000)),
    }
    if message.group:
        system["MessageGroupId"] = message.group
    answer = {"MessageId": message.id, "ReceiptHandle": message.receipt, "Body": message.body, "MD5OfBody": _md5(message.body)}
    return answer | {"Attributes": system} | ({"MessageAttributes": message.attributes} if message.attributes else {})


def _check_size(size: int, *, code: str = "InvalidParameterValue") -> None:
    if size > MAX_BYTES:
        query_code = f"AWS.SimpleQueueService.{code}" if code.startswith("Batch") else None
        message = f"One or more parameters are invalid. Reason: Message must be shorter than {MAX_BYTES} bytes."
        raise Refused(code, message, query_code=query_code)


def _check_entries(ids: list[str]) -> None:
    prefix = "AWS.SimpleQueueService."
    if not ids:
        raise Refused("EmptyBatchRequest", "There should be at least one entry.", query_code=f"{prefix}EmptyBatchRequest")
    if len(ids) > 10:
        code = "TooManyEntriesInBatchRequest"
        raise Refused(code, f"Maximum number of entries per request are 10. You have sent {len(ids)}.", query_code=prefix + code)
    if len(set(ids)) < len(ids):
        raise Refused("BatchEntryIdsNotDistinct", "Two entries have the same Id.", query_code=f"{prefix}BatchEntryIdsNotDistinct")


def _invalid_receipt(invalid: InvalidReceipt) -> Refused:
    return Refused("ReceiptHandleIsInvalid", f"The input receipt handle {str(invalid)!r} is not a valid receipt handle.", status=404)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
