"""The Bot API's methods that ask or set what is about the bot, its files and its chats."""

import re
from typing import Any

from sandbox.telegram import chats
from sandbox.telegram.errors import bad_request
from sandbox.telegram.files import MAX_DOWNLOAD_BYTES
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.store import Json
from sandbox.telegram.world import World

GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


async def get_me(world: World, _: Parameters) -> Json:
    """getMe."""
    may = {"can_join_groups": True, "can_read_all_group_messages": True, "supports_inline_queries": False}
    return world.bot() | may | {"can_connect_to_business": False, "has_main_web_app": False}


async def get_file(world: World, parameters: Parameters) -> Json:
    """getFile: up to 20 MB."""
    file_id = parameters.text("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    file = world.files.find(file_id)
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if file.size > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": file.size, "file_path": file.path}


async def get_chat(world: World, parameters: Parameters) -> Json:
    """getChat: the fields that every chat has."""
    chat = chats.known(world.store, _chat_id(parameters))
    more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(GIFTS, False)}
    return chat.as_telegram() | more


async def set_my_commands(world: World, parameters: Parameters) -> bool:
    """setMyCommands; scopes and languages are taken and not told apart."""
    commands = parameters.structure("commands") or []
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        _check_command(command)
    world.store.keep("commands", [{"command": command["command"], "description": command["description"]} for command in commands])
    world.feed.publish("commands", commands=commands)
    return True


async def get_my_commands(world: World, _: Parameters) -> list[Json]:
    """getMyCommands."""
    return list(world.store.fact("commands", []))


async def delete_my_commands(world: World, _: Parameters) -> bool:
    """deleteMyCommands."""
    world.store.keep("commands", [])
    return True


def _check_command(command: Any) -> None:
    if not isinstance(command, dict) or not re.fullmatch(r"/?[a-z0-9_]{1,32}", str(command.get("command", ""))):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(str(command.get("description", ""))) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")


def _chat_id(parameters: Parameters) -> int:
    chat_id = parameters.text("chat_id")
    if not chat_id:
        raise bad_request("chat_id is empty")
    return int(chat_id) if re.fullmatch(r"-?\d+", chat_id) else 0
