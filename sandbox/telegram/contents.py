"""What a bot may put into a message: text, caption, photo, document, buttons; checked as Telegram checks it."""

from sandbox.telegram import entities
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.files import MAX_BOT_UPLOAD_BYTES, Files, Upload
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.store import Json

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_CALLBACK_BYTES = 64
BUTTON_ACTIONS = (
    "callback_data",
    "url",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "copy_text",
    "pay",
)


def text(values: Json) -> Json:
    """`text` and `entities` of a message."""
    plain, marked = _parsed(values, "text", "entities")
    if not plain.strip():
        raise bad_request("message text is empty")
    if len(plain) > MAX_TEXT:
        raise bad_request("message is too long")
    return {"text": plain, **({"entities": marked} if marked else {})}


def caption(values: Json) -> Json:
    """`caption` and `caption_entities` of a message; empty where there is none."""
    plain, marked = _parsed(values, "caption", "caption_entities")
    if len(plain) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    if not plain:
        return {}
    return {"caption": plain, **({"caption_entities": marked} if marked else {})}


async def photo(files: Files, given: Upload | str | None) -> Json:
    """`photo` of a message: a new one, or one that is here by its file_id."""
    if given is None:
        raise bad_request("there is no photo in the request")
    if isinstance(given, Upload):
        return {"photo": await files.save_photo(given.data)}
    known = files.find(_not_a_link(given))
    if known is None:
        raise bad_request("wrong remote file identifier specified: Wrong character in the string")
    if known.kind != "photo" or known.photo_id is None:
        raise bad_request(f"can't use file of type {known.kind.capitalize()} as Photo")
    return {"photo": files.sizes_of(known.photo_id)}


async def document(files: Files, given: Upload | str | None) -> Json:
    """`document` of a message: a new one, or one that is here by its file_id."""
    if given is None:
        raise bad_request("there is no document in the request")
    if isinstance(given, Upload):
        if len(given.data) > MAX_BOT_UPLOAD_BYTES:
            raise ApiError(413, "Request Entity Too Large")
        return {"document": await files.save_document(given)}
    known = files.find(_not_a_link(given))
    if known is None:
        raise bad_request("wrong remote file identifier specified: Wrong character in the string")
    if known.kind != "document":
        raise bad_request(f"can't use file of type {known.kind.capitalize()} as Document")
    about = {"file_name": known.name, "mime_type": known.mime_type, "file_size": known.size}
    return {"document": {"file_id": known.file_id, "file_unique_id": known.unique_id, **about}}


def buttons(parameters: Parameters) -> Json:
    """`reply_markup` of a message; only an inline keyboard stays with the message."""
    markup = parameters.structure("reply_markup")
    if not isinstance(markup, dict) or "inline_keyboard" not in markup:
        return {}
    for row in markup["inline_keyboard"]:
        for button in row:
            _check_button(button)
    return {"reply_markup": {"inline_keyboard": markup["inline_keyboard"]}} if markup["inline_keyboard"] else {}


def _check_button(button: Json) -> None:
    if not button.get("text"):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not any(action in button for action in BUTTON_ACTIONS):
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(data.encode()) <= MAX_CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")


def _parsed(values: Json, name: str, entities_name: str) -> tuple[str, list[Json]]:
    given = Parameters(values)
    listed = given.structure(entities_name)
    if listed:
        return given.text(name), list(listed)
    plain, marked = entities.parse(given.text(name), given.text("parse_mode"))
    return plain, sorted([*marked, *entities.found(plain)], key=lambda entity: int(entity["offset"]))


def _not_a_link(given: str) -> str:
    # Telegram would fetch it; this stand-in reaches nothing outside its machine.
    if given.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    return given
