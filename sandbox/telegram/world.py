"""Everything the stand-in holds while it runs."""

import time
from collections import deque
from dataclasses import asdict, dataclass, field

from sandbox.telegram.faults import Faults
from sandbox.telegram.feed import Feed
from sandbox.telegram.files import Files
from sandbox.telegram.settings import Settings
from sandbox.telegram.store import Json, Store
from sandbox.telegram.webhook import Courier


@dataclass(frozen=True)
class Call:
    """One call of the Bot API, as a test counts them."""

    method: str
    chat_id: int | None
    status: int | None
    description: str | None
    at: float = field(default_factory=time.time)

    def as_control(self) -> Json:
        """What tests see."""
        return asdict(self)


@dataclass
class World:
    """Passed to every method of the Bot API and of the control side."""

    settings: Settings
    store: Store
    files: Files
    feed: Feed
    faults: Faults
    courier: Courier
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=100_000))
    # chat → (action, when it fades): five seconds, as on Telegram.
    actions: dict[int, tuple[str, float]] = field(default_factory=dict)
    poll: int = 0  # the number of the getUpdates call that may answer: a newer one ends the older
    next_webhook_change: float = 0.0

    def bot(self) -> Json:
        """The User that the bot is."""
        return {"id": self.settings.bot_id, "is_bot": True, "first_name": "Polybot", "username": "polybot_stand_in_bot"}


def open_world(settings: Settings) -> World:
    """Read what an earlier run left in the state folder, which is there and is ours (`store.hold`)."""
    store, feed = Store(settings.state / "telegram.sqlite3"), Feed()
    courier = Courier(store, feed, retry_base=settings.retry_base, timeout=settings.webhook_timeout)
    return World(settings, store, Files(store, settings.state / "files"), feed, Faults(), courier)
