"""What the stand-in is told at start."""

from dataclasses import dataclass
from pathlib import Path

# No secret: it opens nothing but this stand-in, which listens on 127.0.0.1 only.
DEFAULT_TOKEN = "1000001:stand-in-of-telegram-this-is-no-secret"  # noqa: S105


PHOTOGRAPHS, EMOJI = "photographs", "emoji"


@dataclass(frozen=True)
class Settings:
    """`state` is the folder that a restart reads; `retry_base` the seconds before a webhook's second retry (they double from there).

    `samples` are the pictures that the chat page offers: PHOTOGRAPHS or EMOJI.
    """

    state: Path
    token: str = DEFAULT_TOKEN
    retry_base: float = 2.0
    webhook_timeout: float = 60.0
    samples: str = PHOTOGRAPHS

    @property
    def bot_id(self) -> int:
        """The digits before the colon, as in Telegram's tokens."""
        return int(self.token.partition(":")[0])
