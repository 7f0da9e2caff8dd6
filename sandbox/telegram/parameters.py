"""Parameters of a Bot API call: from the query, a form, JSON or multipart, where nested values may be JSON or JSON in a string."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.files import Upload


@dataclass(frozen=True)
class Parameters:
    """What a bot gave with a call, read by name and type; a value of another type is a 400."""

    values: dict[str, Any] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Text; empty where it is missing."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str) -> int | None:
        """A whole number, or None where it is missing."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise bad_request(f"{name} must be an integer") from error

    def flag(self, name: str) -> bool:
        """True for `true`, `yes` and `1` in any case, as on Telegram."""
        return str(self.values.get(name, "")).lower() in {"true", "yes", "1"}

    def structure(self, name: str) -> Any:
        """An object or array; None where it is missing."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError as error:
            raise bad_request(f"can't parse {name} JSON object") from error

    def file(self, name: str, *, value: object = None) -> Upload | str | None:
        """An uploaded file, also by `attach://other_name`; or the text (a file_id or URL); None where there is neither."""
        if name in self.uploads:
            return self.uploads[name]
        given = value if value is not None else self.values.get(name)
        if isinstance(given, str) and given.startswith("attach://"):
            return self.uploads.get(given.removeprefix("attach://"))
        return given if isinstance(given, str) and given else None


async def read_parameters(request: Request) -> Parameters:
    """The parameters of a call, the body's before the query's."""
    query = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return Parameters({**query, **await _json_object(request)})
    if kind not in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        return Parameters(query)
    values, uploads = await read_form(request)
    return Parameters({**query, **values}, {name: files[0] for name, files in uploads.items()})


async def read_form(request: Request) -> tuple[dict[str, str], dict[str, list[Upload]]]:
    """The fields and the files of a form."""
    values: dict[str, str] = {}
    uploads: dict[str, list[Upload]] = {}
    async with request.form(max_part_size=10 * 1024 * 1024) as form:
        for name, item in form.multi_items():
            if isinstance(item, UploadFile):
                upload = Upload(item.filename or name, await item.read(), item.content_type)
                uploads.setdefault(name, []).append(upload)
            else:
                values[name] = item
    return values, uploads


async def _json_object(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        values = json.loads(body) if body else {}
    except ValueError as error:
        raise ApiError(400, "Bad Request: can't parse JSON object") from error
    if not isinstance(values, dict):
        raise ApiError(400, "Bad Request: expected an object")
    return values
