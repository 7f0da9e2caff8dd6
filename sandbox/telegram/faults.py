"""Faults to order: the Bot API refuses, dawdles or hangs up, for some calls, so that a test sees what the service does."""

import itertools
from dataclasses import asdict, dataclass, field

from sandbox.telegram.errors import ApiError, too_many_requests
from sandbox.telegram.store import Json

EVERY_METHOD = "*"
DESCRIPTIONS = {400: "Bad Request: it was asked for", 401: "Unauthorized", 403: "Forbidden: bot was blocked by the user"}


@dataclass
class Fault:
    """One order: for `times` calls (0: until cleared) of a method (`download`: files, `*`: any), of one chat where it is named."""

    fault_id: int
    method: str
    chat_id: int | None = None
    times: int = 1
    code: int | None = None
    description: str | None = None
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None
    delay: float = 0.0
    drop: str | None = None
    used: int = field(default=0)

    def meets(self, method: str, chat_id: int | None) -> bool:
        """Whether this call is to fail."""
        left = self.times == 0 or self.used < self.times
        return left and self.method in {EVERY_METHOD, method} and self.chat_id in {None, chat_id}

    def error(self) -> ApiError | None:
        """What is answered in place of doing it; None where it is done all the same (late, or with the line cut)."""
        if self.code is None:
            return None
        if self.code == 429 and self.description is None:
            return too_many_requests(self.retry_after or 1)
        description = self.description or DESCRIPTIONS.get(self.code, "Internal Server Error")
        return ApiError(self.code, description, retry_after=self.retry_after, migrate_to_chat_id=self.migrate_to_chat_id)

    def as_control(self) -> Json:
        """What tests see."""
        return {"id": self.fault_id, **{name: value for name, value in asdict(self).items() if name != "fault_id"}}


class Faults:
    """The orders that stand, oldest first; the first that meets a call is used up by it. Not kept over a restart."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._standing: dict[int, Fault] = {}

    def order(self, method: str, **what: object) -> Fault:
        """Add one; TypeError for a name that no fault has."""
        fault = Fault(fault_id=next(self._numbers), method=method.lower(), **what)  # type: ignore[arg-type]
        self._standing[fault.fault_id] = fault
        return fault

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """The fault for this call, counted as used; None where there is none."""
        for fault in self._standing.values():
            if fault.meets(method, chat_id):
                fault.used += 1
                return fault
        return None

    def every(self) -> list[Fault]:
        """All that were ordered and not cleared, used up or not."""
        return list(self._standing.values())

    def clear(self, fault_id: int | None = None) -> None:
        """Take back one, or all."""
        if fault_id is None:
            self._standing.clear()
        else:
            self._standing.pop(fault_id, None)
