"""A stand-in of SQS that is slow and faulty on command, and writes down all it did.

    python -m benchmarks.sqs_server --events FILE [--latency 0.01] [--host 127.0.0.1 …] [--port 0]

Prints one JSON line with its addresses when it listens. Speaks the JSON protocol of botocore on each `--host`, and takes
commands on 127.0.0.1 at `control` (see `benchmarks.sqs_control`), where no fault reaches.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import faults
from benchmarks.events import Log
from benchmarks.faults import Kind
from benchmarks.http_protocol import Connection, Request, answer
from benchmarks.sqs_api import Account, Refused


class Server:
    """One listener for each host; a fault is that of all of them, or of the one host that it names."""

    def __init__(self, *, hosts: list[str], port: int, latency: float, log: Log, seed: int = 0) -> None:
        self.hosts, self.port, self.latency, self.log = hosts, port, latency, log
        self.account = Account(address="", record=log, seed=seed)
        self.faults: dict[str, Kind] = {}  # host → what is wrong there
        self._listeners: dict[str, asyncio.Server] = {}
        self._connections: dict[str, set[Connection]] = {host: set() for host in hosts}
        self._numbers = itertools.count(1)
        self._endings: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        for host in self.hosts:
            await self._listen(host)
        self.account.address = f"http://{self.hosts[0]}:{self.port}"

    async def _listen(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: Connection(self._serve(host), self._connections[host]), host, self.port, backlog=512)
        self.port = self.port or listener.sockets[0].getsockname()[1]
        self._listeners[host] = listener

    def _serve(self, host: str) -> Any:
        async def serve(connection: Connection, request: Request) -> None:
            await self._request(host, connection, request)

        return serve

    async def _request(self, host: str, connection: Connection, request: Request) -> None:
        if self.faults.get(host) is Kind.HALF_OPEN:
            connection.dead = True
        if connection.dead:
            return
        began, action = time.time(), request.headers.get("x-amz-target", ".").rsplit(".", 1)[-1]
        await asyncio.sleep(self.latency / 2)
        status, body, code, count = await self._perform(host, action, request)
        await asyncio.sleep(self.latency / 2 + (faults.SLOW_SECONDS if self.faults.get(host) is Kind.SLOW else 0))
        self.log("request", action=action, status=status, count=count, seconds=time.time() - began, connection=id(connection), host=host)
        self._reply(host, connection, status, body, code)

    def _reply(self, host: str, connection: Connection, status: int, body: bytes, code: str) -> None:
        if self.faults.get(host) is Kind.MALFORMED:
            status, body, code = 200, b'{"Messages": 7}', ""
        headers = {"x-amzn-RequestId": f"{next(self._numbers):032x}"} | ({"x-amzn-query-error": f"{code};Sender"} if code else {})
        whole = answer(status, body, headers)
        if self.faults.get(host) is Kind.CUT:
            connection.cut(whole[: len(whole) - max(len(body) // 2, 1)])
        else:
            connection.write(whole)

    async def _perform(self, host: str, action: str, request: Request) -> tuple[int, bytes, str, int]:
        """Status, body, error code and number of messages of the answer. A refused request is not carried out."""
        try:
            self._refuse(host)
            self.account.partial = Kind.PARTIAL in self.faults.values()
            result = await self.account.answer(action, json.loads(request.body or b"{}"))
            if action == "ReceiveMessage" and not result:
                self._refuse(host)  # a long poll that the fault interrupted
        except Refused as refused:
            body = {"__type": f"com.amazonaws.sqs#{refused.code}", "message": refused.message}
            return refused.status, json.dumps(body).encode(), refused.query_code, 0
        counted: list[Any] = result.get("Messages") or result.get("Successful") or ([] if action == "ReceiveMessage" else [0])
        return 200, json.dumps(result).encode(), "", len(counted)

    def _refuse(self, host: str) -> None:
        fault = self.faults.get(host)
        if found := fault and faults.ANSWERS.get(fault):
            raise Refused(found.code, found.message, status=found.status)

    async def begin(self, kind: Kind, hosts: list[str]) -> None:
        for host in hosts:
            self.faults[host] = kind
        self.log("fault", kind=kind.name, hosts=hosts)
        for host in hosts:
            await self._strike(kind, host)
        self.account.interrupt()

    async def _strike(self, kind: Kind, host: str) -> None:
        if kind is Kind.REFUSE:
            self._listeners[host].close()
        for connection in list(self._connections[host]):
            if kind is Kind.REFUSE:
                connection.reset()
            elif kind is Kind.HALF_OPEN:
                connection.freeze()

    async def end(self, hosts: list[str]) -> None:
        for host in hosts:
            if self.faults.pop(host, None) is Kind.REFUSE:
                await self._listen(host)
        self.log("fault_over", hosts=hosts)

    def end_after(self, seconds: float, hosts: list[str]) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            await self.end(hosts)

        ending = asyncio.create_task(later())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)


async def command(server: Server, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Do one thing that is asked at the control address."""
    hosts = given.get("hosts") or server.hosts
    match name:
        case "fault":
            await server.begin(Kind[given["kind"]], hosts)
            server.end_after(given["seconds"], hosts)
        case "latency":
            server.latency = given["seconds"]
        case "duplicates":
            server.account.duplicates = given["share"]
        case "revoke":
            return {"ids": server.account.queue({"QueueUrl": given["queue"]}).revoke()}
        case "call":  # any action, past latency and faults
            return await server.account.answer(given["action"], given["parameters"])
        case "messages":
            found = server.account.queue({"QueueUrl": given["queue"]}).messages()
            return {"messages": [{"id": m.id, "body": m.body, "receives": m.receives, "attributes": m.attributes} for m in found]}
        case _:
            raise Refused("InvalidAction", f"No command is called {name!r}.")
    return {}


async def _control(server: Server) -> int:
    async def serve(connection: Connection, request: Request) -> None:
        try:
            status, result = 200, await command(server, request.path.strip("/"), json.loads(request.body or b"{}"))
        except (Refused, KeyError) as wrong:
            status, result = 400, {"error": repr(wrong)}
        connection.write(answer(status, json.dumps(result).encode(), {}))

    connections: set[Connection] = set()
    listener = await asyncio.get_running_loop().create_server(lambda: Connection(serve, connections), "127.0.0.1", 0)
    return int(listener.sockets[0].getsockname()[1])


async def run(server: Server) -> None:
    """Serve until cancelled."""
    await server.start()
    addresses = {
        "endpoints": [f"http://{host}:{server.port}" for host in server.hosts],
        "control": f"http://127.0.0.1:{await _control(server)}",
    }
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", action="append", help="an address to listen on; again for more")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.01, help="seconds that each request takes, half before and half after")
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    log = Log(given.events)
    asyncio.run(run(Server(hosts=given.host or ["127.0.0.1"], port=given.port, latency=given.latency, log=log, seed=given.seed)))


if __name__ == "__main__":
    main()
