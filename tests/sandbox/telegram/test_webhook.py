"""Delivery to a webhook: order, repeats, pauses, secrets. The stand-in of these tests repeats twenty times as fast as Telegram."""

import itertools
import json
import threading
import time

from sandbox.telegram.webhook import pause
from tests.sandbox.telegram.rig import Json, StandIn, Webhook, wait_until

Answer = tuple[int, dict[str, str], bytes]
FAILED: Answer = (500, {}, b"")
TAKEN: Answer = (200, {}, b"")


def text(update: Json) -> str:
    return str(update["message"]["text"])


def test_pauses_are_telegrams() -> None:
    assert [pause(attempts, base=2.0) for attempts in range(1, 9)] == [0, 2, 4, 8, 16, 32, 60, 60]


def test_update_comes_with_the_secret_and_the_message_is_marked(stand_in: StandIn, webhook: Webhook) -> None:
    stand_in.listen_with(webhook.url, secret_token="s3cret")
    chat = stand_in.chat()
    sent = stand_in.text(chat)
    webhook.wait_for(1)
    _, headers, update = webhook.got[0]
    assert headers["x-telegram-bot-api-secret-token"] == "s3cret"
    assert headers["content-type"] == "application/json"
    assert (update["update_id"], update["message"]["message_id"]) == (sent["update_id"], sent["message_id"])
    wait_until(lambda: stand_in.messages(chat)[0]["delivered"])


def test_what_waited_before_the_webhook_comes_after(stand_in: StandIn, webhook: Webhook) -> None:
    chat = stand_in.chat()
    stand_in.text(chat, "early")
    stand_in.listen_with(webhook.url)
    assert [text(update) for update in webhook.wait_for(1)] == ["early"]


def test_failure_is_repeated_with_growing_pauses_and_holds_its_chat_only(stand_in: StandIn, webhook: Webhook) -> None:
    failures = itertools.count()
    webhook.answer = lambda update: FAILED if text(update) == "bad" and next(failures) < 4 else TAKEN
    stand_in.listen_with(webhook.url)
    one, other = stand_in.chat(), stand_in.chat()
    stand_in.text(one, "bad")
    stand_in.text(one, "after it")
    stand_in.text(other, "meanwhile")
    webhook.wait_for(7)
    of_one = [(at, text(update)) for at, _, update in webhook.got if update["message"]["chat"]["id"] == one]
    assert [said for _, said in of_one] == ["bad"] * 5 + ["after it"]
    gaps = [after - before for (before, _), (after, _) in itertools.pairwise(of_one)][:4]
    assert [gap >= least for gap, least in zip(gaps[1:], (0.1, 0.2, 0.4), strict=True)] == [True] * 3
    meanwhile = next(at for at, _, update in webhook.got if text(update) == "meanwhile")
    assert meanwhile < of_one[4][0]


def test_info_tells_what_waits_and_what_went_wrong(stand_in: StandIn, webhook: Webhook) -> None:
    webhook.answer = lambda _: (503, {"Retry-After": "30"}, b"")
    stand_in.listen_with(webhook.url)
    chat = stand_in.chat()
    for number in range(3):
        stand_in.text(chat, str(number))
    info = wait_until(lambda: (info := stand_in.call("getWebhookInfo")["result"]).get("last_error_date") and info)
    assert info["pending_update_count"] == 3
    assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"
    assert abs(info["last_error_date"] - time.time()) < 10
    assert [update["attempts"] for update in stand_in.control("GET", f"/updates?chat_id={chat}")["updates"]] == [1, 0, 0]


def test_retry_after_is_honoured(stand_in: StandIn, webhook: Webhook) -> None:
    answers = iter([(503, {"Retry-After": "1"}, b""), TAKEN])
    webhook.answer = lambda _: next(answers)
    stand_in.listen_with(webhook.url)
    stand_in.text(stand_in.chat())
    webhook.wait_for(2)
    assert webhook.got[1][0] - webhook.got[0][0] >= 1.0


def test_no_answer_in_time_is_a_failure(stand_in: StandIn, webhook: Webhook) -> None:
    slow = itertools.chain([True], itertools.repeat(False))
    answered = threading.Event()

    def answer(update: Json) -> Answer:
        if next(slow):
            answered.wait(20)
        return TAKEN

    webhook.answer = answer
    stand_in.listen_with(webhook.url)
    stand_in.text(stand_in.chat())
    webhook.wait_for(2)
    answered.set()
    assert webhook.got[0][2] == webhook.got[1][2]
    assert stand_in.call("getWebhookInfo")["result"]["last_error_message"] == "Read timeout expired"


def test_nobody_there_is_a_failure(stand_in: StandIn, webhook: Webhook) -> None:
    stand_in.listen_with("http://127.0.0.1:9/hook")
    stand_in.text(stand_in.chat())
    wait_until(lambda: stand_in.call("getWebhookInfo")["result"].get("last_error_message") == "Connection refused")
    stand_in.listen_with(webhook.url)
    webhook.wait_for(1)


def test_chats_are_served_side_by_side_up_to_max_connections_and_each_in_order(stand_in: StandIn, webhook: Webhook) -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def answer(update: Json) -> Answer:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        return TAKEN

    webhook.answer = answer
    chats = [stand_in.chat() for _ in range(5)]
    for number in range(4):
        for chat in chats:
            stand_in.text(chat, str(number))
    stand_in.listen_with(webhook.url, max_connections=3)
    webhook.wait_for(20)
    assert most[0] == 3
    for chat in chats:
        assert [text(update) for update in webhook.updates() if update["message"]["chat"]["id"] == chat] == ["0", "1", "2", "3"]


def test_only_allowed_updates_come(stand_in: StandIn, webhook: Webhook) -> None:
    stand_in.listen_with(webhook.url, allowed_updates=["message"])
    chat = stand_in.chat()
    sent = stand_in.text(chat, "helo")
    stand_in.control("POST", f"/chats/{chat}/edit", message_id=sent["message_id"], text="hello")
    stand_in.control("POST", f"/chats/{chat}/block")
    stand_in.control("POST", f"/chats/{chat}/unblock")
    stand_in.text(chat, "the end")
    assert [text(update) for update in webhook.wait_for(2)] == ["helo", "the end"]
    assert [update["kind"] for update in stand_in.control("GET", f"/updates?chat_id={chat}")["updates"]] == ["message", "message"]


def test_bot_may_answer_with_a_method_call(stand_in: StandIn, webhook: Webhook) -> None:
    def answer(update: Json) -> Answer:
        call = {"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": "by return"}
        return 200, {"Content-Type": "application/json"}, json.dumps(call).encode()

    webhook.answer = answer
    stand_in.listen_with(webhook.url)
    chat = stand_in.chat()
    stand_in.text(chat)
    wait_until(lambda: [message["text"] for message in stand_in.messages(chat)] == ["hello", "by return"])


def test_update_is_delivered_again_and_with_another_secret(stand_in: StandIn, webhook: Webhook) -> None:
    stand_in.listen_with(webhook.url, secret_token="right")
    update_id = stand_in.text(stand_in.chat())["update_id"]
    webhook.wait_for(1)
    webhook.answer = lambda _: (403, {"X-Why": "no"}, b"who are you?")
    answers = stand_in.control("POST", f"/updates/{update_id}/deliver", times=2, secret="wrong")["answers"]
    assert [(answer["status"], answer["body"], answer["headers"]["x-why"]) for answer in answers] == [(403, "who are you?", "no")] * 2
    stand_in.control("POST", f"/updates/{update_id}/deliver", urls=[webhook.url, "http://127.0.0.1:9/"], secret=None)
    secrets = [headers.get("x-telegram-bot-api-secret-token") for _, headers, _ in webhook.got]
    assert secrets == ["right", "wrong", "wrong", None]
    assert {update["update_id"] for update in webhook.updates()} == {update_id}


def test_body_of_ones_own_is_delivered(stand_in: StandIn, webhook: Webhook) -> None:
    stand_in.listen_with(webhook.url)
    answers = stand_in.control("POST", "/deliver", body={"update_id": 1, "strange": True})["answers"]
    assert [answer["status"] for answer in answers] == [200]
    assert webhook.updates() == [{"update_id": 1, "strange": True}]
