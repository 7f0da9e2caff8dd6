"""`python -m detection`: what an operator does by hand, and the sandbox by itself."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from enum import Enum

from detection import config, predictions
from detection.clock import now
from detection.erasing import erase_chat
from detection.errors import Unavailable
from detection.fill.write import NotAnEmulator, fill
from detection.prediction import Prediction
from detection.provision import provision


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 where it did its work, 1 where the answer is no, 2 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m detection", description="Look at, and set up, what the environment names.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "provision", help="make the bucket, queues and tables that are missing (one machine and tests; on AWS, Terraform does)"
    )
    show = commands.add_parser("show", help="print one prediction as JSON, with the time of every stage")
    show.add_argument("prediction_id", help="such as 42-7: the chat's id and the message's")
    erasing = commands.add_parser("erase-chat", help="erase a chat: its photos in all their versions, its predictions, what is known of it")
    erasing.add_argument(
        "chat_id", type=int, help="such as 42, or -100123 after `--`: it stands before the first hyphen of each prediction's id"
    )
    erasing.add_argument("--yes", action="store_true", help="do it: there is no way back")
    filling = commands.add_parser("fill", help="make up a month of predictions, on an emulator of AWS: for development and tests")
    filling.add_argument("--predictions", type=_at_least_one, default=20_000, metavar="N", help="how many (default: %(default)s)")
    filling.add_argument("--pictures", type=int, default=200, metavar="N", help="of the newest, that get pictures (default: %(default)s)")
    filling.add_argument("--seed", type=int, default=1, help="the same seed at the same time gives the same (default: %(default)s)")
    arguments = parser.parse_args(argv)
    try:
        match arguments.command:
            case "provision":
                return _provision()
            case "erase-chat":
                return _erase(arguments.chat_id, sure=arguments.yes)
            case "fill":
                return _fill(arguments.predictions, pictures=arguments.pictures, seed=arguments.seed)
            case _:
                return _show(arguments.prediction_id)
    except (config.ConfigError, NotAnEmulator, Unavailable) as error:
        print(error, file=sys.stderr)
        return 2


def as_json(prediction: Prediction) -> str:
    """The prediction as one JSON object: enums by their values, times in ISO 8601."""
    return json.dumps(asdict(prediction), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a prediction's JSON")


def _provision() -> int:
    made = provision()
    print("\n".join(f"made {name}" for name in made) or "everything is there")
    return 0


def _show(prediction_id: str) -> int:
    prediction = predictions.get(prediction_id)
    print(as_json(prediction) if prediction else f"there is no prediction {prediction_id}")
    return 0 if prediction else 1


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is too few: give 1 or more")
    return number


def _fill(count: int, *, pictures: int, seed: int) -> int:
    made = fill(count, seed=seed, until=now(), pictures=pictures, tell=lambda text: print(text, flush=True))
    print(
        f"made {len(made)} predictions of {len({one.chat_id for one in made})} chats"
        if made
        else f"nothing made: seed {seed}'s are there already, so give another --seed"
    )
    return 0 if made else 1


def _erase(chat_id: int, *, sure: bool) -> int:
    if not sure:
        print(f"nothing erased: add --yes to erase chat {chat_id} for good")
        return 1
    print(erase_chat(chat_id).text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
