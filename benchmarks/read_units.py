"""What a read costs on AWS, in read units, by what was asked and answered. Pure. (The emulators answer a constant.)

The rules are those of AWS's developer guide: "DynamoDB item sizes and formats", and "Capacity unit consumption for read operations".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

STEP = 4096  # bytes
_OF_A_LIST = 3  # bytes, and of a map; one more for each element

Value = Mapping[str, Any]
Item = Mapping[str, Value]


def item_size(item: Item) -> int:
    """The bytes of an item's names and values, as it is sent: {"name": {"S": "cat"}}."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def units(
    operation: str, asked: Mapping[str, Any], answered: Mapping[str, Any], *, whole_size: Callable[[Item], int] | None = None
) -> float:
    """The read units of one request. Raises ValueError where the answer does not show all that was read.

    A projection leaves parts of an item out of the answer, and not out of the price: `whole_size` tells the whole item's size.
    """
    size_of = whole_size if whole_size and "ProjectionExpression" in asked else item_size
    match operation:
        case "GetItem":
            _check_whole(asked, size_of)
            return _steps(size_of(answered.get("Item", {}))) * _each(asked)
        case "Query" | "Scan":
            return _of_query(asked, answered, size_of)
        case "BatchGetItem":
            left = answered.get("UnprocessedKeys", {})
            tables = asked["RequestItems"].items()
            return sum(_of_batch(its, answered["Responses"].get(name, []), left.get(name, {})) for name, its in tables)
        case _:
            raise ValueError(f"there is no rule here for what {operation} reads")


def _of_query(asked: Mapping[str, Any], answered: Mapping[str, Any], size_of: Callable[[Item], int]) -> float:
    """All items that were looked at together, rounded up once."""
    _check_whole(asked, size_of)
    if answered["ScannedCount"] != len(answered.get("Items", [])):
        raise ValueError(f"of {answered['ScannedCount']} items read {len(answered.get('Items', []))} were answered: the rest has sizes too")
    return _steps(sum(size_of(item) for item in answered["Items"])) * _each(asked)


def _of_batch(asked: Mapping[str, Any], items: Iterable[Item], left: Mapping[str, Any]) -> float:
    """Each item rounded up by itself; one that isn't there costs as the smallest."""
    _check_whole(asked, item_size)
    steps = [_steps(item_size(item)) for item in items]
    missing = len(asked["Keys"]) - len(left.get("Keys", [])) - len(steps)
    return (sum(steps) + missing) * _each(asked)


def _check_whole(asked: Mapping[str, Any], size_of: Callable[[Item], int]) -> None:
    known = ("ProjectionExpression",) if size_of is not item_size else ()
    if parts := [name for name in ("ProjectionExpression", "AttributesToGet", "Select") if name in asked and name not in known]:
        raise ValueError(f"{parts[0]} leaves parts of the items out of the answer, but not out of the price")


def _steps(size: int) -> int:
    return max(1, math.ceil(size / STEP))


def _each(asked: Mapping[str, Any]) -> float:
    return 1.0 if asked.get("ConsistentRead") else 0.5


def _size(value: Value) -> int:
    """Without its name."""
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return _of_number(content)
        case "L":
            return _OF_A_LIST + sum(1 + _size(one) for one in content)
        case "M":
            return _OF_A_LIST + item_size(content) + len(content)
        case "SS" | "NS" | "BS":
            return sum(_size({kind[0]: one}) for one in content)
        case "BOOL" | "NULL":
            return 1
        case _:  # S and B
            return len(content.encode() if isinstance(content, str) else content)


def _of_number(text: str) -> int:
    """A byte, and one for each two significant digits."""
    digits = text.lower().partition("e")[0].lstrip("+-").replace(".", "").strip("0")
    return 1 + math.ceil(len(digits) / 2)
