"""What a bot asks about itself, its files and its chats."""

import pytest
from telegram import Bot, BotCommand
from telegram.error import BadRequest, InvalidToken

from tests.sandbox.telegram.rig import StandIn, picture


async def test_bot_knows_itself(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.is_bot, me.first_name) == (1000001, True, "Polybot")


async def test_commands_are_kept_and_checked(bot: Bot) -> None:
    assert await bot.set_my_commands([BotCommand("start", "What I do"), BotCommand("help", "How")])
    assert [command.command for command in await bot.get_my_commands()] == ["start", "help"]
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Not So", "x")])


async def test_chats_are_described(stand_in: StandIn, bot: Bot) -> None:
    person, group = stand_in.chat(name="Grace"), stand_in.chat(type="supergroup", name="Family")
    assert (await bot.get_chat(person)).first_name == "Grace"
    described = await bot.get_chat(group)
    assert (described.type, described.title) == ("supergroup", "Family")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.get_chat(123)


async def test_file_over_20_mb_is_shown_but_not_given(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    for size in (20 * 1024 * 1024, 20 * 1024 * 1024 + 1):
        assert stand_in.upload(chat, "document", b"\0" * size, name="a.bin").status_code == 201
    fits, too_big = [update.message for update in await bot.get_updates(timeout=5)]
    assert fits
    assert fits.document
    assert (await fits.document.get_file()).file_size == 20 * 1024 * 1024
    assert too_big
    assert too_big.document
    with pytest.raises(BadRequest, match="File is too big"):
        await too_big.document.get_file()
    with pytest.raises(BadRequest, match="Wrong file_id"):
        await bot.get_file("no-such-file")


async def test_photo_is_downloaded_by_its_path(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    stand_in.upload(chat, "photo", picture(500, 400))
    [update] = await bot.get_updates(timeout=5)
    assert update.message
    file = await update.message.photo[-1].get_file()
    data = bytes(await file.download_as_bytearray())
    assert len(data) == file.file_size == update.message.photo[-1].file_size
    assert data.startswith(b"\xff\xd8")


def test_download_needs_the_token_and_a_known_path(stand_in: StandIn) -> None:
    chat = stand_in.chat()
    file_id = stand_in.upload(chat, "photo", picture()).json()["files"][0]["file_id"]
    path = stand_in.call("getFile", file_id=file_id)["result"]["file_path"]
    assert stand_in.http.get(f"{stand_in.url}/file/bot1:wrong/{path}").status_code == 401
    for wrong in (path + "x", "../telegram.sqlite3", "%2e%2e/telegram.sqlite3"):
        assert stand_in.http.get(f"{stand_in.url}/file/bot1000001:stand-in-of-telegram-this-is-no-secret/{wrong}").status_code == 404


async def test_token_of_another_bot_is_no_token(stand_in: StandIn) -> None:
    with pytest.raises(InvalidToken):
        async with Bot("2:another", base_url=f"{stand_in.url}/bot"):
            pass
