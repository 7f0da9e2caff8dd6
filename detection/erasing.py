"""Erase a chat: what we have of it goes, at whatever stage its predictions are; a mark with its id alone stays for a day."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from detection import chats, photos, predictions
from detection.clock import now
from detection.prediction import parts_of
from detection.predictions import ERASED_MARK
from detection.reruns import runs_of

log = logging.getLogger(__name__)

# What is beyond our reach, or kept for a reason: said to whoever asked.
STAYS = (
    "for 25 hours the ids of the chat and of its predictions, so that a message that Telegram repeats does not bring them back",
    "for up to 14 days log lines with these ids; for up to 35 days the database's backups",
    "in the operators' log: who did what to it, and looked at which of its photos, with these ids and without what was in them",
    "in Telegram itself: the messages of the chat, which only it and its members can delete",
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was erased: chats (a group that became a supergroup is two), predictions and pictures."""

    chat_ids: tuple[int, ...]
    predictions: int
    pictures: int

    def text(self) -> str:
        """For whoever asked."""
        chats_named = " and ".join(str(chat_id) for chat_id in self.chat_ids)
        done = f"erased of chat {chats_named}: {self.predictions} predictions and {self.pictures} pictures"
        return "\n".join([done, "What stays:", *(f"- {line}" for line in STAYS)])


@dataclass(frozen=True, slots=True)
class Erased:
    """What there was to erase of a prediction: it and further runs of its photo, and pictures."""

    prediction_ids: tuple[str, ...]
    pictures: int


def erase_chat(chat_id: int) -> Receipt:
    """Erase the chat and what it was before it became, or after it became, a supergroup. Safe to repeat. Raises Unavailable.

    Whoever is at work on a photo of it finds nothing to finish, and removes what it has put. A photo that was received before this
    moment, and whose prediction is made after it, is erased by the one who makes it.
    """
    chat_ids = chats.related(chat_id)
    counted = [_erase(one) for one in chat_ids]
    receipt = Receipt(tuple(chat_ids), sum(made for made, _ in counted), sum(pictures for _, pictures in counted))
    log.info("chat %d erased: %d predictions, %d pictures", chat_id, receipt.predictions, receipt.pictures)
    return receipt


def erase_prediction(name: str) -> Erased:
    """Erase one prediction with its pictures. The photo is the first run's: with that one all others of the photo go. Safe to repeat.

    Raises ValueError for what is no prediction's id, or Unavailable.
    """
    is_first = parts_of(name)[2] == 0
    names = dict.fromkeys([name, *(one.prediction_id for one in runs_of(name) if is_first)])
    there = tuple(one for one in names if predictions.erase(one))
    # By how their keys begin, so that what an earlier try has left is found.
    pictures = photos.delete(photos.folder(name)) + (photos.delete(photos.folder(name)[:-1] + "-") if is_first else 0)
    log.info("%s erased: %d predictions, %d pictures", name, len(there), pictures)
    return Erased(there, pictures)


def _erase(chat_id: int) -> tuple[int, int]:
    """How many predictions and how many pictures there were."""
    chats.erase(chat_id, at=now(), kept=ERASED_MARK)  # first: from here on, what is created is seen by its creator
    prefix = f"{chat_id}/"
    # The index may lag behind, a listing of S3 does not; and a photo is stored before its prediction.
    names = {*predictions.ids_of_chat(chat_id), *(key.split("/")[1] for key in photos.keys(prefix))}
    for name in names:
        predictions.erase(name)
        log.info("%s erased", name)
    return len(names), photos.delete(prefix)
