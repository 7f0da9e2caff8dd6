"""What the Bot API answers when it refuses a call."""

from typing import Any


class ApiError(Exception):
    """Refused: the HTTP status, the description a bot reads, and what it may act on (`retry_after` seconds, the new id of a group)."""

    def __init__(self, code: int, description: str, *, retry_after: int | None = None, migrate_to_chat_id: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.migrate_to_chat_id = migrate_to_chat_id

    def envelope(self) -> dict[str, Any]:
        """The body of the answer; `parameters` only where there is one."""
        parameters = {"retry_after": self.retry_after, "migrate_to_chat_id": self.migrate_to_chat_id}
        given = {name: value for name, value in parameters.items() if value is not None}
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        return {**body, "parameters": given} if given else body


def bad_request(what: str) -> ApiError:
    """A 400 in Telegram's words."""
    return ApiError(400, f"Bad Request: {what}")


def forbidden(what: str) -> ApiError:
    """A 403 in Telegram's words."""
    return ApiError(403, f"Forbidden: {what}")


def too_many_requests(retry_after: int) -> ApiError:
    """A 429 that names the seconds to wait."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)
