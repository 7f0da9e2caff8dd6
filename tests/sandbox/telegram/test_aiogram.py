"""A second client that parses strictly, on the main way: a photo comes, is downloaded, and is answered."""

import io

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat, TelegramRetryAfter
from aiogram.types import BotCommand, BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, ReplyParameters

from sandbox.telegram.settings import DEFAULT_TOKEN
from tests.sandbox.telegram.rig import StandIn, picture


async def test_aiogram_does_not_notice(stand_in: StandIn) -> None:
    chat, group = stand_in.chat(name="Ada"), stand_in.chat(type="group")
    sent = stand_in.upload(chat, "photo", picture(900, 600), caption="look").json()
    async with Bot(DEFAULT_TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(stand_in.url))) as bot:
        assert (await bot.me()).username == "polybot_stand_in_bot"
        assert await bot.set_my_commands([BotCommand(command="start", description="What I do")])
        update = (await bot.get_updates(timeout=5))[-1]
        assert update.message
        assert update.message.photo
        data = await bot.download(update.message.photo[-1], io.BytesIO())
        assert data
        assert data.read(2) == b"\xff\xd8"
        await bot.send_chat_action(chat, "upload_photo")
        markup = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Right", callback_data="right")]])
        photo, reply = BufferedInputFile(picture(), "a.jpg"), ReplyParameters(message_id=sent["message_id"])
        answer = await bot.send_photo(chat, photo, caption="1 object", reply_parameters=reply, reply_markup=markup)
        assert answer.reply_to_message
        assert answer.reply_to_message.caption == "look"
        album = await bot.send_media_group(chat, [InputMediaPhoto(media=BufferedInputFile(picture(), f"{n}.jpg")) for n in "ab"])
        assert len(album) == 2
        assert (await bot.get_chat(group)).title == "Friends"
        assert (await bot.get_webhook_info()).url == ""


async def test_aiogram_sees_the_errors(stand_in: StandIn) -> None:
    chat, group = stand_in.chat(), stand_in.chat(type="group")
    moved = stand_in.control("POST", f"/chats/{group}/migrate")["id"]
    async with Bot(DEFAULT_TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(stand_in.url))) as bot:
        with pytest.raises(TelegramBadRequest, match="chat not found"):
            await bot.send_message(1, "x")
        with pytest.raises(TelegramMigrateToChat) as migrated:
            await bot.send_message(group, "x")
        assert migrated.value.migrate_to_chat_id == moved
        stand_in.control("POST", "/faults", method="sendMessage", code=429, retry_after=5)
        with pytest.raises(TelegramRetryAfter) as refused:
            await bot.send_message(chat, "x")
        assert refused.value.retry_after == 5
        stand_in.control("POST", f"/chats/{chat}/block")
        with pytest.raises(TelegramForbiddenError):
            await bot.send_message(chat, "x")
