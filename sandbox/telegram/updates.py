"""Updates: what the bot is told, numbered, and kept after it has taken them too, so that a test can send one again."""

import json
import random
import time
from dataclasses import dataclass

from sandbox.telegram.store import Json, Store

KEPT_SECONDS = 24 * 3600
# Telegram leaves these out unless they are asked for.
ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True)
class Update:
    """One update and how its delivery stands."""

    update_id: int
    chat_id: int
    message_id: int | None
    kind: str
    body: Json
    created_at: float
    attempts: int
    delivered_at: float | None

    def as_control(self) -> Json:
        """What tests see."""
        which = {"update_id": self.update_id, "chat_id": self.chat_id, "message_id": self.message_id, "kind": self.kind}
        return {**which, "delivered": self.delivered_at is not None, "attempts": self.attempts, "update": self.body}


def add(store: Store, kind: str, content: Json, *, chat_id: int, message_id: int | None) -> int | None:
    """Queue an update for the bot; its id, or None where the bot didn't ask for this kind."""
    if not wanted(store, kind):
        return None
    update_id = store.count_up("update", random.randint(10_000_000, 900_000_000))  # noqa: S311  # begins anywhere; no secret
    body = json.dumps({"update_id": update_id, kind: content})
    store.insert("updates", update_id=update_id, chat_id=chat_id, message_id=message_id, kind=kind, body=body, created_at=time.time())
    return update_id


def wanted(store: Store, kind: str) -> bool:
    """Whether `allowed_updates` lets this kind through."""
    allowed = store.fact("allowed_updates", [])
    return kind in allowed if allowed else kind not in ONLY_ON_REQUEST


def find(store: Store, update_id: int) -> Update | None:
    """The update, delivered or not, or None."""
    row = store.row("SELECT * FROM updates WHERE update_id = ?", update_id)
    return None if row is None else _update(dict(row))


def every(store: Store, chat_id: int | None = None) -> list[Update]:
    """All that are kept, oldest first, of one chat or of all."""
    rows = store.rows("SELECT * FROM updates WHERE ? IS NULL OR chat_id = ? ORDER BY update_id", chat_id, chat_id)
    return [_update(dict(row)) for row in rows]


def waiting(store: Store, *, limit: int = 1_000_000) -> list[Update]:
    """What the bot has not taken yet, oldest first."""
    rows = store.rows("SELECT * FROM updates WHERE delivered_at IS NULL ORDER BY update_id LIMIT ?", limit)
    return [_update(dict(row)) for row in rows]


def waiting_count(store: Store) -> int:
    """How many the bot has not taken yet."""
    row = store.row("SELECT COUNT(*) AS number FROM updates WHERE delivered_at IS NULL")
    return 0 if row is None else int(row["number"])


def chats_waiting(store: Store) -> list[int]:
    """The chats that have an update which the bot has not taken."""
    return [row["chat_id"] for row in store.rows("SELECT DISTINCT chat_id FROM updates WHERE delivered_at IS NULL")]


def first_waiting(store: Store, chat_id: int) -> Update | None:
    """The one whose turn it is in a chat."""
    row = store.row("SELECT * FROM updates WHERE chat_id = ? AND delivered_at IS NULL ORDER BY update_id LIMIT 1", chat_id)
    return None if row is None else _update(dict(row))


def count_attempt(store: Store, update: Update) -> int:
    """One more attempt to deliver; how many there were."""
    store.run("UPDATE updates SET attempts = attempts + 1 WHERE update_id = ?", update.update_id)
    return update.attempts + 1


def settle(store: Store, update_id: int) -> bool:
    """The bot took it; False where that was known."""
    return store.run("UPDATE updates SET delivered_at = ? WHERE update_id = ? AND delivered_at IS NULL", time.time(), update_id) == 1


def drop_waiting(store: Store) -> None:
    """`drop_pending_updates`: the bot will never see them."""
    store.run("DELETE FROM updates WHERE delivered_at IS NULL")


def drop_old(store: Store) -> None:
    """Telegram gives up on an update after 24 hours."""
    store.run("DELETE FROM updates WHERE delivered_at IS NULL AND created_at < ?", time.time() - KEPT_SECONDS)


def _update(row: Json) -> Update:
    return Update(**{**row, "body": json.loads(row["body"])})
