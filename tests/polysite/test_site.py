"""The site as it is run: uvicorn processes, sockets, and clients that hang up."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from detection import photos, predictions, signature
from detection.clock import now
from detection.prediction import Box, Detection, Prediction
from detection.predictions import Outcome
from tests import processes
from tests.botgateway.standin import TOKEN, StandIn, jpeg, running
from tests.clouds import Cloud
from tests.emulators import free_port
from tests.settings import ENVIRONMENT

SECRET = {"X-Telegram-Bot-Api-Secret-Token": ENVIRONMENT["WEBHOOK_SECRETS"]}
KEYS = dict([ENVIRONMENT["RESULTS_KEYS"].split(":")])


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with running() as found:
        yield found


class Sites:
    """Two processes of the site."""

    def __init__(self, urls: list[str], logs: list[Path]) -> None:
        self.urls = urls
        self._logs = logs

    def log(self) -> str:
        return "".join(log.read_text() for log in self._logs)

    def post_to_each(self, path: str, *, body: object = None, headers: dict[str, str]) -> list[int]:
        """The same request to each of them, twice, all at the same moment; the answers' codes."""
        with httpx.Client(trust_env=False, timeout=30) as http, ThreadPoolExecutor() as pool:
            return list(pool.map(lambda url: http.post(url + path, json=body, headers=headers).status_code, self.urls * 2))


@pytest.fixture
def sites(cloud: Cloud, standin: StandIn, tmp_path: Path) -> Iterator[Sites]:
    standin.reset()
    environment = cloud.environment | {"TELEGRAM_API_URL": standin.url, "TELEGRAM_TOKEN": TOKEN}
    ports, logs = [free_port(), free_port()], [tmp_path / "site-0.log", tmp_path / "site-1.log"]
    with ExitStack() as stack:
        for port, log in zip(ports, logs, strict=True):
            stack.enter_context(processes.site(environment, port=port, log=log))
        yield Sites([f"http://127.0.0.1:{port}" for port in ports], logs)


def finished(standin: StandIn, chat_id: int) -> Prediction:
    """A photo of this chat, with a cat found in it."""
    message_id = standin.photo(chat_id)["message"]["message_id"]
    name = f"{chat_id}-{message_id}"
    photos.put(f"{name}.jpg", jpeg(), content_type="image/jpeg")
    predictions.create(
        Prediction(prediction_id=name, chat_id=chat_id, message_id=message_id, photo_key="x", received_at=now(), created_at=now())
    )
    outcome = Outcome(detections=(Detection("cat", 0.9, Box(0, 0, 1, 1)),), annotated_key=f"{name}.jpg")
    prediction = predictions.finish(name, outcome)
    assert prediction is not None
    return prediction


def signed(prediction: Prediction) -> dict[str, str]:
    return {signature.HEADER: signature.sign(prediction.prediction_id, at=now(), keys=KEYS)}


def test_the_same_update_to_two_processes_is_one_prediction_and_one_reply(standin: StandIn, sites: Sites) -> None:
    update = standin.photo(chat := standin.chat())
    assert sites.post_to_each("/webhook", body=update, headers=SECRET) == [200] * 4
    name = f"{chat}-{update['message']['message_id']}"
    assert predictions.get(name) is not None

    prediction = predictions.finish(name, Outcome())
    assert prediction is not None
    standin.fault("sendMessage", delay=0.5)
    codes = sites.post_to_each(f"/results?predictionId={name}", headers=signed(prediction))
    assert sorted(codes) == [200, 409, 409, 409]
    assert len(standin.said(chat)) == 1
    assert f"{name} replied" in sites.log()
    assert TOKEN not in sites.log()


def test_what_hangs_up_is_answered_all_the_same(standin: StandIn, sites: Sites) -> None:
    """A worker gives up on /results after 20 s, in the middle of a slow sending: that must not break it off."""
    prediction = finished(standin, chat := standin.chat())
    standin.fault("sendPhoto", delay=1.5)
    target, headers = f"/results?predictionId={prediction.prediction_id}", signed(prediction)
    with httpx.Client(trust_env=False, timeout=0.5) as http, pytest.raises(httpx.ReadTimeout):
        http.post(sites.urls[0] + target, headers=headers)
    assert httpx.post(sites.urls[1] + target, headers=headers, trust_env=False).status_code == 409
    processes.wait_for(lambda: f"{prediction.prediction_id} replied" in sites.log(), seconds=10, what="the reply")
    assert len(standin.said(chat)) == 1
    assert len(standin.calls("sendPhoto")) == 1


def test_a_body_without_end_is_cut_off(sites: Sites) -> None:
    host, port = sites.urls[0].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2000000000\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_many_at_once_on_one_process(standin: StandIn, sites: Sites) -> None:
    chats = [standin.chat() for _ in range(10)]
    ready = [finished(standin, chat) for chat in chats]
    updates = [standin.photo(chat) for chat in chats]

    def ask(number: int) -> list[int]:
        answers = [
            http.post("/webhook", content=json.dumps(updates[number]), headers=SECRET),
            http.post("/results", params={"predictionId": ready[number].prediction_id}, headers=signed(ready[number])),
        ]
        return [answer.status_code for answer in answers]

    with httpx.Client(base_url=sites.urls[0], trust_env=False, timeout=30) as http, ThreadPoolExecutor(10) as pool:
        assert list(pool.map(ask, range(10))) == [[200, 200]] * 10
    assert [len(standin.said(chat)) for chat in chats] == [1] * 10
