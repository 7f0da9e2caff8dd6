"""What a bot sends, by python-telegram-bot over a socket: it arrives in the chat, or is refused as Telegram refuses it."""

import io
from typing import Any

import pytest
from PIL import Image
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaDocument, InputMediaPhoto, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken

from tests.sandbox.telegram.rig import StandIn, picture


async def test_message_arrives_with_its_markup_and_buttons(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat(name="Ada")
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="yes")]])
    sent = await bot.send_message(chat, "😀 <b>two</b> <a href='https://example.org'>links</a>", parse_mode="HTML", reply_markup=buttons)
    assert sent.text == "😀 two links"
    assert [(entity.type, entity.offset, entity.length) for entity in sent.entities] == [("bold", 3, 3), ("text_link", 7, 5)]
    [seen] = stand_in.messages(chat)
    assert (seen["from_bot"], seen["text"]) == (True, "😀 two links")
    assert seen["reply_markup"]["inline_keyboard"] == [[{"text": "Yes", "callback_data": "yes"}]]


async def test_markdown_is_parsed_and_its_reserved_characters_refused(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    sent = await bot.send_message(chat, r"*bold* _it_ `code` 1\.5 [x](https://example.org)", parse_mode="MarkdownV2")
    assert sent.text == "bold it code 1.5 x"
    assert [entity.type for entity in sent.entities] == ["bold", "italic", "code", "text_link"]
    with pytest.raises(BadRequest, match=r"character .\.. is reserved"):
        await bot.send_message(chat, "1.5", parse_mode="MarkdownV2")


async def test_photo_is_made_into_telegrams_sizes(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    sent = await bot.send_photo(chat, picture(2000, 1500), caption="A caption")
    assert [(size.width, size.height) for size in sent.photo] == [(90, 68), (320, 240), (800, 600), (1280, 960)]
    [seen] = stand_in.messages(chat)
    data = stand_in.http.get(stand_in.url + seen["files"][0]["url"]).content
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (1280, 960))
    assert seen["caption"] == "A caption"


async def test_photo_loses_its_transparency_orientation_and_metadata(stand_in: StandIn, bot: Bot) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    sent = await bot.send_photo(stand_in.chat(), picture(60, 40, exif=exif))
    assert (sent.photo[-1].width, sent.photo[-1].height) == (40, 60)
    clear = io.BytesIO()
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(clear, "PNG")
    sent = await bot.send_photo(stand_in.chat(), clear.getvalue())
    data = await (await sent.photo[-1].get_file()).download_as_bytearray()
    with Image.open(io.BytesIO(data)) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)
        assert not image.getexif()


async def test_document_stays_as_it_is(stand_in: StandIn, bot: Bot) -> None:
    data = picture(700, 500, form="PNG")
    sent = await bot.send_document(stand_in.chat(), data, filename="plan.png", caption="as a file")
    assert sent.document
    assert sent.document.thumbnail
    assert (sent.document.mime_type, sent.document.file_name, sent.document.file_size) == ("image/png", "plan.png", len(data))
    assert bytes(await (await sent.document.get_file()).download_as_bytearray()) == data


async def test_file_id_sends_again_without_an_upload(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    first = await bot.send_photo(chat, picture(400, 300))
    again = await bot.send_photo(chat, first.photo[0].file_id)
    assert [size.file_id for size in again.photo] == [size.file_id for size in first.photo]
    document = await bot.send_document(chat, b"text", filename="a.txt")
    assert document.document
    assert (await bot.send_document(chat, document.document.file_id)).document == document.document
    with pytest.raises(BadRequest, match="Can't use file of type document as photo"):
        await bot.send_photo(chat, document.document.file_id)
    with pytest.raises(BadRequest, match="Wrong remote file identifier"):
        await bot.send_photo(chat, "no-such-file")


async def test_album_shares_a_group_and_comes_whole(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    sent = await bot.send_media_group(chat, [InputMediaPhoto(picture(), caption="first"), InputMediaPhoto(picture(70, 70))])
    assert len({message.media_group_id for message in sent}) == 1
    assert [message.caption for message in sent] == ["first", None]
    with pytest.raises(BadRequest, match=r"(?i)image_process_failed"):
        await bot.send_media_group(chat, [InputMediaPhoto(picture()), InputMediaPhoto(b"no picture")])
    assert len(stand_in.messages(chat)) == 2
    with pytest.raises(BadRequest, match="album"):
        await bot.send_media_group(chat, [InputMediaPhoto(picture()), InputMediaDocument(b"text")])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "File must be non-empty"),
        (b"not a picture", "(?i)image_process_failed"),
        (picture(200, 100)[:300], "(?i)image_process_failed"),
        (picture(6000, 4001), "(?i)photo_invalid_dimensions"),
        (picture(210, 10), "(?i)photo_invalid_dimensions"),
        (b"\xff" * (10 * 1024 * 1024 + 1), "too big for a photo"),
    ],
    ids=["empty", "not a picture", "truncated", "width + height", "ratio", "size"],
)
async def test_photo_that_telegram_would_not_take(stand_in: StandIn, bot: Bot, data: bytes, said: str) -> None:
    chat = stand_in.chat()
    with pytest.raises(BadRequest, match=said):
        await bot.send_photo(chat, data, filename="a.jpg")
    assert stand_in.messages(chat) == []


async def test_photo_at_the_limits_is_taken(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    assert (await bot.send_photo(chat, picture(200, 10))).photo
    assert (await bot.send_photo(chat, picture(6000, 4000), caption="x" * 1024)).photo


async def test_text_and_caption_have_their_limits(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    await bot.send_message(chat, "x" * 4096)
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(chat, "x" * 4097)
    with pytest.raises(BadRequest, match="Message text is empty"):
        await bot.send_message(chat, "  ")
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(chat, picture(), caption="x" * 1025)


async def test_button_data_has_its_limit(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    await bot.send_message(chat, "x", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="é" * 32)]]))
    with pytest.raises(BadRequest, match=r"(?i)button_data_invalid"):
        await bot.send_message(chat, "x", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="é" * 32 + "a")]]))


async def test_reply_insists_on_its_target_unless_told_otherwise(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    target = stand_in.text(chat, "hello")["message_id"]
    answer = await bot.send_message(chat, "to you", reply_parameters=ReplyParameters(target))
    assert answer.reply_to_message
    assert answer.reply_to_message.text == "hello"
    stand_in.control("DELETE", f"/chats/{chat}/messages/{target}")
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(chat, "to you", reply_parameters=ReplyParameters(target))
    lenient = await bot.send_message(chat, "to you", reply_parameters=ReplyParameters(target, allow_sending_without_reply=True))
    assert lenient.reply_to_message is None


async def test_chat_that_cannot_be_written_to(stand_in: StandIn, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(123, "x")
    chat, group = stand_in.chat(), stand_in.chat(type="group")
    stand_in.control("POST", f"/chats/{chat}/block")
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_photo(chat, picture())
    stand_in.control("POST", f"/chats/{chat}/unblock")
    assert await bot.send_message(chat, "x")
    stand_in.control("POST", f"/chats/{group}/block")
    with pytest.raises(Forbidden, match="bot was kicked from the group chat"):
        await bot.send_message(group, "x")


async def test_group_that_moved_names_its_new_id(stand_in: StandIn, bot: Bot) -> None:
    group = stand_in.chat(type="group", name="Family")
    moved = stand_in.control("POST", f"/chats/{group}/migrate")
    with pytest.raises(ChatMigrated) as refused:
        await bot.send_message(group, "x")
    assert refused.value.new_chat_id == moved["id"]
    assert (await bot.send_message(moved["id"], "x")).chat.title == "Family"
    service = [message.get("migrate_to_chat_id") or message.get("migrate_from_chat_id") for message in stand_in.messages(moved["id"])]
    assert group in service


async def test_chat_action_shows_until_the_bot_writes(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    await bot.send_chat_action(chat, "upload_photo")
    assert stand_in.control("GET", f"/chats/{chat}/messages")["action"] == "upload_photo"
    await bot.send_message(chat, "here")
    assert stand_in.control("GET", f"/chats/{chat}/messages")["action"] is None
    with pytest.raises(BadRequest, match="Wrong parameter action"):
        await bot.send_chat_action(chat, "dancing")


async def test_wrong_token_is_refused(stand_in: StandIn) -> None:
    stranger = Bot("1000001:another", base_url=f"{stand_in.url}/bot")
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()


@pytest.mark.parametrize(
    "how",
    [
        {"params": {"chat_id": "CHAT", "text": "hi"}},
        {"data": {"chat_id": "CHAT", "text": "hi"}},
        {"json": {"chat_id": "CHAT", "text": "hi"}},
        {"data": {"chat_id": "CHAT", "text": "hi"}, "files": {"unused": b"x"}},
        {
            "params": {"chat_id": "CHAT"},
            "json": {"text": "hi", "reply_parameters": '{"message_id": 1, "allow_sending_without_reply": true}'},
        },
    ],
    ids=["query", "form", "json", "multipart", "query and json with nested text"],
)
def test_parameters_come_in_any_form_and_methods_in_any_case(stand_in: StandIn, how: dict[str, Any]) -> None:
    chat = stand_in.chat()
    filled: dict[str, Any] = {
        part: {name: chat if value == "CHAT" else value for name, value in values.items()} for part, values in how.items()
    }
    answer = stand_in.http.post(f"{stand_in.url}/bot1000001:stand-in-of-telegram-this-is-no-secret/SENDmessage", **filled)
    assert answer.status_code == 200
    assert answer.json()["result"]["text"] == "hi"


def test_errors_have_telegrams_envelope_and_status(stand_in: StandIn) -> None:
    unknown = stand_in.http.get(f"{stand_in.url}/bot1000001:stand-in-of-telegram-this-is-no-secret/getStars")
    assert (unknown.status_code, unknown.json()) == (404, {"ok": False, "error_code": 404, "description": "Not Found: method not found"})
    for body, said in ((b"{", "Bad Request: can't parse JSON object"), (b"[]", "Bad Request: expected an object")):
        url = f"{stand_in.url}/bot1000001:stand-in-of-telegram-this-is-no-secret/sendMessage"
        answer = stand_in.http.post(url, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["description"]) == (400, said)
    assert stand_in.call("sendMessage", text="x")["description"] == "Bad Request: chat_id is empty"
