"""What a bot changes, removes or answers."""

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from telegram.error import BadRequest

from tests.sandbox.telegram.rig import StandIn, picture

BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("Right?", callback_data="right")]])


async def test_text_is_changed_and_the_same_text_refused(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    sent = await bot.send_message(chat, "one", reply_markup=BUTTON)
    changed = await bot.edit_message_text("two", chat, sent.message_id)
    assert not isinstance(changed, bool)
    assert (changed.text, changed.reply_markup) == ("two", None)
    assert changed.edit_date
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("two", chat, sent.message_id)


async def test_caption_is_changed_and_removed(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    sent = await bot.send_photo(chat, picture(), caption="one")
    await bot.edit_message_caption(chat, sent.message_id, caption="two")
    assert stand_in.messages(chat)[0]["caption"] == "two"
    await bot.edit_message_caption(chat, sent.message_id)
    assert "caption" not in stand_in.messages(chat)[0]
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("three", chat, sent.message_id)


async def test_text_becomes_a_photo_and_gets_a_keyboard(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    sent = await bot.send_message(chat, "wait…")
    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await bot.edit_message_caption(chat, sent.message_id, caption="x")
    await bot.edit_message_media(InputMediaPhoto(picture(400, 300), caption="here"), chat, sent.message_id)
    await bot.edit_message_reply_markup(chat, sent.message_id, reply_markup=BUTTON)
    [seen] = stand_in.messages(chat)
    assert ("text" in seen, seen["caption"], seen["files"][0]["width"]) == (False, "here", 400)
    assert seen["reply_markup"]["inline_keyboard"][0][0]["text"] == "Right?"


async def test_others_messages_and_missing_ones_are_refused(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    theirs = stand_in.text(chat)["message_id"]
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("x", chat, theirs)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", chat, theirs + 99)
    assert await bot.delete_message(chat, theirs)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(chat, theirs)
    assert stand_in.messages(chat) == []


async def test_pressed_button_is_told_and_answered_once(stand_in: StandIn, bot: Bot) -> None:
    chat = stand_in.chat()
    sent = await bot.send_message(chat, "Right?", reply_markup=BUTTON)
    pressed = stand_in.control("POST", f"/chats/{chat}/press", message_id=sent.message_id, data="right")["callback_query_id"]
    [update] = await bot.get_updates(timeout=5)
    query = update.callback_query
    assert query
    assert query.message
    assert (query.id, query.data, query.from_user.id, query.message.message_id) == (pressed, "right", chat, sent.message_id)
    assert stand_in.control("GET", f"/callbacks/{pressed}") == {"answer": None}
    assert await bot.answer_callback_query(query.id, "Thanks", show_alert=True)
    assert stand_in.control("GET", f"/callbacks/{pressed}")["answer"] == {"text": "Thanks", "show_alert": True, "url": ""}
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(query.id)
