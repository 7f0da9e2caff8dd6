"""The control side: people, faults, calls, events."""

import json
import time
from typing import Any

import httpx
import pytest
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter

from tests.sandbox.telegram.rig import StandIn, blank, picture, wait_until


def test_chats_have_64_bit_ids_and_their_newest_message(stand_in: StandIn) -> None:
    person, group, supergroup = stand_in.chat(name="Ada"), stand_in.chat(type="group"), stand_in.chat(type="supergroup")
    assert person > 2**32
    assert -(10**12) < group < 0
    assert supergroup < -(10**12)
    stand_in.text(person, "newest")
    listed = stand_in.control("GET", "/chats")["chats"]
    assert [chat["id"] for chat in listed] == [person, group, supergroup]
    assert listed[0]["last_message"]["text"] == "newest"
    assert stand_in.chat(id=77, name="Seven") == 77


def test_upload_is_a_photo_where_it_can_be_one(stand_in: StandIn) -> None:
    chat = stand_in.chat()
    sent = [
        stand_in.upload(chat, "upload", data, name=name).json()
        for name, data in [
            ("a.jpg", picture()),
            ("a.txt", b"text"),
            ("wide.png", picture(3000, 20, form="PNG")),
            ("a.gif", picture(form="GIF")),
        ]
    ]
    assert ["photo" in message for message in sent] == [True, False, False, False]
    assert [message["document"]["mime_type"] for message in sent[1:]] == ["text/plain", "image/png", "image/gif"]
    refused = stand_in.upload(chat, "photo", b"text")
    assert (refused.status_code, refused.json()) == (400, {"error": "Bad Request: IMAGE_PROCESS_FAILED"})


def test_document_can_be_a_large_or_lying_file(stand_in: StandIn) -> None:
    chat = stand_in.chat()
    for name, data in (
        ("big.jpg", b"\0" * 25_000_000),
        ("lies.jpg", b"only text"),
        ("bomb.png", blank(20000, 20000)),
    ):
        sent = stand_in.upload(chat, "document", data, name=name, caption="look")
        assert sent.status_code == 201
        assert sent.json()["document"]["file_size"] == len(data)
        assert stand_in.http.get(stand_in.url + sent.json()["files"][0]["url"]).content == data


def test_files_people_send_never_run_in_the_page(stand_in: StandIn) -> None:
    chat = stand_in.chat()
    sent = stand_in.upload(chat, "document", b"<script>alert(1)</script>", name="a.html").json()
    shown = stand_in.http.get(stand_in.url + sent["files"][0]["url"])
    assert shown.headers["content-disposition"].startswith("attachment")
    assert shown.headers["x-content-type-options"] == "nosniff"


def test_person_replies_deletes_and_is_stopped_by_a_block(stand_in: StandIn) -> None:
    chat = stand_in.chat()
    first = stand_in.text(chat, "one")["message_id"]
    reply = stand_in.control("POST", f"/chats/{chat}/text", text="two", reply_to_message_id=first)
    assert reply["reply_to_message"]["text"] == "one"
    stand_in.control("DELETE", f"/chats/{chat}/messages/{first}")
    assert stand_in.http.delete(f"{stand_in.url}/control/chats/{chat}/messages/{first}").status_code == 404
    stand_in.control("POST", f"/chats/{chat}/block")
    assert stand_in.http.post(f"{stand_in.url}/control/chats/{chat}/text", json={"text": "three"}).status_code == 400
    assert [message["text"] for message in stand_in.messages(chat)] == ["two"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/chats/1", 404),
        ("GET", "/chats/x", 400),
        ("GET", "/files/none", 404),
        ("GET", "/callbacks/1", 404),
        ("POST", "/updates/1/deliver", 404),
    ],
)
def test_wrong_requests_say_what_is_wrong(stand_in: StandIn, method: str, path: str, status: int) -> None:
    answer = stand_in.http.request(method, f"{stand_in.url}/control{path}")
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


# python-telegram-bot warns of a later version whenever it makes one of its RetryAfter.
@pytest.mark.filterwarnings("ignore:.*retry_after:DeprecationWarning")
async def test_faults_strike_the_calls_they_name(stand_in: StandIn, bot: Bot) -> None:
    one, other = stand_in.chat(), stand_in.chat()
    stand_in.control("POST", "/faults", method="sendMessage", chat_id=one, times=2, code=429, retry_after=7)
    await bot.send_message(other, "not this chat")
    await bot.send_photo(one, picture())
    for _ in range(2):
        # PTB_TIMEDELTA, which the site sets and this process may have from it, decides how the library says it
        with pytest.raises(RetryAfter, match=r"Retry in (7 seconds|0:00:07)"):
            await bot.send_message(one, "x")
    await bot.send_message(one, "x")
    assert [fault["used"] for fault in stand_in.control("GET", "/faults")["faults"]] == [2]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"code": 500}, NetworkError),
        ({"code": 502, "description": "Bad Gateway"}, NetworkError),
        ({"code": 401}, InvalidToken),
        ({"code": 403}, Forbidden),
        ({"code": 400, "description": "Bad Request: not enough rights to send photos to the chat"}, BadRequest),
        ({"code": 400, "migrate_to_chat_id": -1009}, ChatMigrated),
    ],
    ids=["500", "502", "401", "403", "400", "migrated"],
)
async def test_each_kind_of_refusal(stand_in: StandIn, bot: Bot, fault: dict[str, object], error: type[Exception]) -> None:
    chat = stand_in.chat()
    stand_in.control("POST", "/faults", method="*", times=0, **fault)
    for _ in range(3):
        with pytest.raises(error):
            await bot.send_message(chat, "x")
    stand_in.control("DELETE", "/faults")
    assert await bot.send_message(chat, "x")


def test_429_says_so_in_a_header_too(stand_in: StandIn) -> None:
    stand_in.control("POST", "/faults", method="getme", code=429, retry_after=3)
    answer = stand_in.http.get(f"{stand_in.url}/bot1000001:stand-in-of-telegram-this-is-no-secret/getMe")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.json()["parameters"] == {"retry_after": 3}


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
async def test_line_is_cut(stand_in: StandIn, bot: Bot, when: str, arrived: int) -> None:
    chat = stand_in.chat()
    stand_in.control("POST", "/faults", method="sendPhoto", drop=when)
    with pytest.raises(NetworkError):
        await bot.send_photo(chat, picture())
    assert len(stand_in.messages(chat)) == arrived
    calls = stand_in.control("GET", f"/calls?method=sendphoto&chat_id={chat}")["calls"]
    assert [call["status"] for call in calls] == [499]
    assert await bot.send_photo(chat, picture())


async def test_delay_and_download(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    stand_in.control("POST", "/faults", method="sendMessage", delay=0.5)
    began = time.monotonic()
    await bot.send_message(chat, "late")
    assert time.monotonic() - began >= 0.5
    sent = await bot.send_photo(chat, picture())
    stand_in.control("POST", "/faults", method="download", code=503)
    file = await sent.photo[-1].get_file()
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    assert await file.download_as_bytearray()


def test_fault_with_a_wrong_name_is_refused(stand_in: StandIn) -> None:
    for wrong in ({}, {"method": "getMe", "colour": "red"}, {"method": "getMe", "drop": "sometimes"}):
        assert stand_in.http.post(f"{stand_in.url}/control/faults", json=wrong).status_code == 400


async def test_calls_are_counted_and_forgotten(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    stand_in.control("DELETE", "/calls")
    await bot.send_message(chat, "x")
    with pytest.raises(BadRequest):
        await bot.send_message(1, "x")
    calls = stand_in.control("GET", "/calls?method=sendMessage")["calls"]
    assert [(call["chat_id"], call["status"], call["description"]) for call in calls] == [
        (chat, 200, None),
        (1, 400, "Bad Request: chat not found"),
    ]


def test_events_tell_what_happens(stand_in: StandIn) -> None:
    chat = stand_in.chat()
    with httpx.stream("GET", f"{stand_in.url}/control/events", timeout=10, trust_env=False) as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: hello"
        sent = stand_in.text(chat, "hi")
        stand_in.call("sendChatAction", chat_id=chat, action="typing")
        stand_in.call("sendMessage", chat_id=chat, text="hello")
        stand_in.control("DELETE", f"/chats/{chat}/messages/{sent['message_id']}")
        events: list[tuple[str, Any]] = []
        while len(events) < 4:
            kind = next(line for line in lines if line.startswith("event: "))[7:]
            events.append((kind, json.loads(next(line for line in lines if line.startswith("data: "))[6:])))
    assert [kind for kind, _ in events] == ["message", "action", "message", "deleted"]
    assert {data["chat_id"] for _, data in events} == {chat}
    assert [data["message"]["from_bot"] for kind, data in events if kind == "message"] == [False, True]


def test_reset_keeps_the_webhook_and_never_gives_an_id_twice(stand_in: StandIn) -> None:
    chat = stand_in.chat()
    before = stand_in.text(chat)
    stand_in.listen_with("http://127.0.0.1:9/hook")
    stand_in.control("POST", "/reset")
    assert stand_in.control("GET", "/chats")["chats"] == []
    assert stand_in.call("getWebhookInfo")["result"]["url"] == "http://127.0.0.1:9/hook"
    after = stand_in.chat()
    assert after != chat
    assert stand_in.text(after)["message_id"] > before["message_id"]
    wait_until(lambda: stand_in.call("getWebhookInfo")["result"]["pending_update_count"] == 1)
