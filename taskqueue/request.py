"""Celery's request, which knows before it runs whether it can, and afterwards how it went. Set on tasks by our consumer."""

from __future__ import annotations

from typing import Any

from celery.exceptions import InvalidTaskError, Reject
from celery.worker.request import Request as CeleryRequest
from kombu.exceptions import ContentDisallowed, DecodeError


class Request(CeleryRequest):
    """Raises InvalidTaskError where the task can't be called as the message says: trying again would not help."""

    failure = ""  # the latest one, in words
    rejected = False  # by the task itself, for good

    def __init__(self, message: Any, **kwargs: Any) -> None:
        try:
            super().__init__(message, **kwargs)
        except (InvalidTaskError, ContentDisallowed, DecodeError):
            raise
        except Exception as error:
            raise InvalidTaskError(f"{type(error).__name__}: {error}") from error
        self._check_arguments()

    def on_failure(self, exc_info: Any, *args: Any, **kwargs: Any) -> None:
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        self.failure = repr(error)
        self.rejected = isinstance(error, Reject) and not getattr(error, "requeue", False)
        super().on_failure(exc_info, *args, **kwargs)

    def on_timeout(self, soft: bool, timeout: float) -> None:  # noqa: FBT001  # Celery's own signature
        if not soft:
            self.failure = f"its time limit of {timeout:g} s"
        super().on_timeout(soft, timeout)

    def _check_arguments(self) -> None:
        check = getattr(self.task, "__header__", None)
        if check is None or not self.task.typing:
            return
        try:
            check(*self.args, **self.kwargs)
        except TypeError as error:
            raise InvalidTaskError(str(error)) from None
