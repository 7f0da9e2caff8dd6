"""getUpdates and setWebhook: what they take, and that they exclude each other."""

import asyncio
import time

import pytest
from telegram import Bot
from telegram.error import BadRequest, Conflict

from tests.sandbox.telegram.rig import StandIn, Webhook, picture


async def test_updates_rise_and_come_until_confirmed(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat(name="Ada")
    stand_in.text(chat, "/start now")
    stand_in.text(chat, "two")
    first, second = await bot.get_updates(timeout=5)
    assert second.update_id == first.update_id + 1
    assert first.message
    assert first.message.from_user
    assert (first.message.text, first.message.from_user.first_name) == ("/start now", "Ada")
    assert [(entity.type, entity.length) for entity in first.message.entities] == [("bot_command", 6)]
    assert len(await bot.get_updates(limit=1)) == 1
    assert [update.update_id for update in await bot.get_updates(offset=second.update_id)] == [second.update_id]
    assert [message["delivered"] for message in stand_in.messages(chat)] == [True, False]
    assert await bot.get_updates(offset=second.update_id + 1) == ()


async def test_negative_offset_forgets_what_is_before(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    for text in ("one", "two", "three"):
        stand_in.text(chat, text)
    [last] = await bot.get_updates(offset=-1)
    assert last.message
    assert last.message.text == "three"
    assert len(await bot.get_updates()) == 1


async def test_long_poll_answers_when_something_happens(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.3)
    assert not poll.done()
    began = time.monotonic()
    await asyncio.to_thread(stand_in.text, chat)
    assert len(await poll) == 1
    assert time.monotonic() - began < 2


async def test_second_poll_ends_the_first(stand_in: StandIn, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.3)
    assert (await asyncio.to_thread(stand_in.call, "getUpdates"))["ok"]
    with pytest.raises(Conflict, match="terminated by other getUpdates"):
        await poll


async def test_album_is_one_update_for_each_photo(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    files = [("photo", (f"{number}.jpg", picture(60 + number, 50))) for number in range(3)]
    assert stand_in.http.post(f"{stand_in.url}/control/chats/{chat}/album", files=files, data={"caption": "three"}).status_code == 201
    messages = [update.message for update in await bot.get_updates(timeout=5)]
    assert len({message.media_group_id for message in messages if message}) == 1
    assert [message.caption for message in messages if message] == ["three", None, None]


async def test_group_and_block_are_told_as_membership(stand_in: StandIn, bot: Bot) -> None:
    chat, group = stand_in.chat(), stand_in.chat(type="group")
    stand_in.control("POST", f"/chats/{chat}/block")
    changes = [update.my_chat_member for update in await bot.get_updates(timeout=5)]
    assert [(change.chat.id, change.new_chat_member.status) for change in changes if change] == [(group, "member"), (chat, "kicked")]


async def test_edit_is_told_as_such(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    sent = stand_in.text(chat, "helo")
    stand_in.control("POST", f"/chats/{chat}/edit", message_id=sent["message_id"], text="hello")
    _, edited = await bot.get_updates(timeout=5)
    assert edited.edited_message
    assert edited.edited_message.text == "hello"


async def test_webhook_and_polls_exclude_each_other(bot: Bot, webhook: Webhook) -> None:
    await asyncio.sleep(1.1)  # one setWebhook a second, whoever asked for the last
    assert await bot.set_webhook(webhook.url, secret_token="a-secret_1", max_connections=7, allowed_updates=["message"])
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections, info.allowed_updates) == (webhook.url, 7, ("message",))
    assert (info.has_custom_certificate, info.pending_update_count) == (False, 0)
    assert await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""
    assert await bot.get_updates() == ()


def test_one_webhook_is_set_a_second(stand_in: StandIn, webhook: Webhook) -> None:
    stand_in.listen_with(webhook.url)
    answers = [stand_in.call("setWebhook", url=webhook.url) for _ in range(3)]
    refused = next(answer for answer in answers if not answer["ok"])
    assert (refused["error_code"], refused["parameters"]) == (429, {"retry_after": 1})


def test_setting_stays_where_it_is_not_given(stand_in: StandIn, webhook: Webhook) -> None:
    stand_in.listen_with(webhook.url, allowed_updates=["message"])
    stand_in.listen_with(webhook.url + "2")
    assert stand_in.call("getWebhookInfo")["result"]["allowed_updates"] == ["message"]
    stand_in.listen_with(webhook.url, allowed_updates=[])
    assert "allowed_updates" not in stand_in.call("getWebhookInfo")["result"]


@pytest.mark.parametrize(
    ("secret", "said"), [("not allowed!", "Secret token contains unallowed characters"), ("x" * 257, "Secret token is too long")]
)
async def test_secret_is_checked(bot: Bot, webhook: Webhook, secret: str, said: str) -> None:
    await asyncio.sleep(1.1)
    with pytest.raises(BadRequest, match=said):
        await bot.set_webhook(webhook.url, secret_token=secret)


async def test_certificate_is_a_pem_file(bot: Bot, webhook: Webhook) -> None:
    await asyncio.sleep(1.1)
    with pytest.raises(BadRequest, match="certificate"):
        await bot.set_webhook(webhook.url, certificate=b"not a certificate")


async def test_pending_updates_are_dropped_where_asked(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    stand_in.text(chat)
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.delete_webhook(drop_pending_updates=True)
    assert (await bot.get_webhook_info()).pending_update_count == 0
