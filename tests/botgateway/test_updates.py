"""What an update asks of us, and that nothing Telegram could send is an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botgateway.updates import (
    MAX_FILE_SIZE,
    Command,
    CommandName,
    Ignored,
    Migrated,
    Other,
    PhotoMessage,
    TooLarge,
    parse,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def size(file_id: str, width: int, height: int, file_size: int | None = None) -> dict[str, Any]:
    found = {"file_id": file_id, "file_unique_id": file_id, "width": width, "height": height}
    return found if file_size is None else found | {"file_size": file_size}


def update(kind: str = "message", *, chat_type: str = "private", chat_id: int = 42, **content: Any) -> dict[str, Any]:
    message = {"message_id": 7, "date": 1, "chat": {"id": chat_id, "type": chat_type}, **content}
    return {"update_id": 1, kind: message}


def document(mime_type: str, file_size: int = 1000) -> dict[str, Any]:
    return {"file_id": "D", "file_unique_id": "d", "mime_type": mime_type, "file_size": file_size}


SIZES = [size("s", 90, 60, 1_000), size("m", 320, 213, 9_000), size("l", 1280, 853, 200_000)]


def test_of_a_photo_the_largest_size_is_taken() -> None:
    expected = PhotoMessage(chat_id=42, message_id=7, file_id="l")
    assert parse(update(photo=SIZES)) == parse(update(photo=SIZES[::-1])) == expected


def test_a_size_that_a_bot_may_not_have_is_left_for_the_next() -> None:
    sizes = [*SIZES, size("xl", 9000, 9000, MAX_FILE_SIZE + 1)]
    assert parse(update(photo=sizes)) == PhotoMessage(chat_id=42, message_id=7, file_id="l")


def test_a_photo_without_dimensions_is_its_last_size() -> None:
    sizes = [{"file_id": "small"}, {"file_id": "large"}]
    assert parse(update(photo=sizes)) == PhotoMessage(chat_id=42, message_id=7, file_id="large")


@pytest.mark.parametrize("mime_type", ["image/jpeg", "image/heic", "image/gif", "image/svg+xml"])
def test_an_image_sent_as_a_file_is_a_photo(mime_type: str) -> None:
    assert parse(update(document=document(mime_type))) == PhotoMessage(chat_id=42, message_id=7, file_id="D")


@pytest.mark.parametrize(("file_size", "expected"), [(MAX_FILE_SIZE, PhotoMessage), (MAX_FILE_SIZE + 1, TooLarge)])
def test_a_file_over_20_mb_is_too_large(file_size: int, expected: type) -> None:
    assert type(parse(update(document=document("image/png", file_size)))) is expected


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_photos_are_served_wherever_they_are_sent(kind: str) -> None:
    outer = "channel_post" if kind == "channel" else "message"
    assert parse(update(outer, chat_type=kind, chat_id=-5, photo=SIZES)) == PhotoMessage(chat_id=-5, message_id=7, file_id="l")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/start", CommandName.START),
        ("/help", CommandName.HELP),
        ("/HELP", CommandName.HELP),
        ("/start@polybot", CommandName.START),
        ("/start from-a-link", CommandName.START),
        ("/help\nplease", CommandName.HELP),
    ],
)
def test_commands(text: str, name: CommandName) -> None:
    assert parse(update(text=text)) == Command(chat_id=42, message_id=7, name=name)


@pytest.mark.parametrize(
    "content",
    [
        {"text": "hello"},
        {"text": "/helper"},
        {"text": "/settings"},
        {"text": "say /start"},
        {"document": document("application/pdf")},
        {"document": document("video/mp4"), "animation": {"file_id": "A"}},
        {"sticker": {"file_id": "S"}},
        {"voice": {"file_id": "V"}},
    ],
)
def test_anything_else_is_worth_a_hint_in_private_and_nowhere_else(content: dict[str, Any]) -> None:
    assert parse(update(**content)) == Other(chat_id=42, message_id=7)
    assert isinstance(parse(update(chat_type="group", **content)), Ignored)
    assert isinstance(parse(update("channel_post", chat_type="channel", **content)), Ignored)


def test_a_group_that_became_a_supergroup() -> None:
    assert parse(update(chat_type="group", chat_id=-5, migrate_to_chat_id=-1005)) == Migrated(old_chat_id=-5, new_chat_id=-1005)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "update",
        {},
        {"message": {"message_id": 7, "chat": {"id": 42, "type": "private"}, "photo": SIZES}},
        {"update_id": "1"},
        {"update_id": 1},
        {"update_id": True, "message": {}},
        {"update_id": 1, "edited_message": update(photo=SIZES)["message"]},
        {"update_id": 1, "callback_query": {"id": "1", "message": update(photo=SIZES)["message"]}},
        {"update_id": 1, "message": []},
        {"update_id": 1, "message": {"message_id": 7}},
        {"update_id": 1, "message": {"message_id": 7, "chat": {"id": "42"}, "photo": SIZES}},
        {"update_id": 1, "message": {"chat": {"id": 42}, "photo": SIZES}},
        update(chat_id=2**70, photo=SIZES),
        update(pinned_message={}),
        update(photo=[]),
        update(photo=[{"file_id": 5}, {"file_id": ""}, None]),
        update(document={"mime_type": "image/png"}, chat_type="group"),
    ],
)
def test_what_is_no_update_of_ours_is_ignored(body: object) -> None:
    assert isinstance(parse(body), Ignored)


@given(JSON)
def test_any_json_is_parsed(body: object) -> None:
    assert isinstance(parse(body), Ignored)


@given(st.dictionaries(st.sampled_from(["photo", "document", "text", "chat", "message_id", "migrate_to_chat_id"]), JSON))
def test_any_content_is_parsed(content: dict[str, Any]) -> None:
    body = update()
    body["message"] |= content
    parse(body)


def test_a_caption_is_nowhere_in_what_is_parsed() -> None:
    assert "secret" not in repr(parse(update(photo=SIZES, caption="a secret", from_user={"first_name": "secret"})))
