"""What an input item is. These readings never raise, and claim no more than the item shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from openai_code_interpreter.wire import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    Wire,
    as_wire,
    entries,
    text,
)

__all__ = [
    "CALL_ITEM",
    "FUNCTION_CALL_ITEM",
    "FUNCTION_OUTPUT_ITEM",
    "MESSAGE_ITEM",
    "REASONING_ITEM",
    "REFERENCE_ITEM",
    "identity",
    "is_output",
    "kind_of",
    "listed",
    "role_of",
    "says_something",
]

FUNCTION_OUTPUT_ITEM: Final = "function_call_output"
REFERENCE_ITEM: Final = "item_reference"

_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_SPOKEN: Final = frozenset({"input_text", "output_text", "text", "summary_text"})


def listed(items: Iterable[object]) -> list[Wire | None]:
    """Return the JSON objects of a list, with None for whatever else is in it.

    Raises:
        TypeError: If this is no list but a text or one item.
    """
    if isinstance(items, str | bytes | Mapping):
        msg = (
            f"items is a {type(items).__name__}, not a list of input items: a text alone is valid "
            "input as it is, and one item goes into a list"
        )
        raise TypeError(msg)
    return [as_wire(item) for item in items]


def kind_of(item: Wire) -> str:
    """Return the type of an item, or "" if it is none.

    A message may leave its type out, and so may a reference, which then has nothing but an id.
    """
    kind = item.get("type")
    if kind is not None:
        return kind if isinstance(kind, str) else ""
    if text(item, "role"):
        return MESSAGE_ITEM
    return REFERENCE_ITEM if item.keys() <= {"type", "id"} and identity(item) else ""


def identity(item: Wire) -> str | None:
    """Return the id of an item, or None if it has none that the API takes.

    `Invalid 'input[2].id': ''. Expected an ID that contains letters, numbers, underscores, or
    dashes, but this value contained additional characters.`
    """
    name = text(item, "id")
    return name if _ID.fullmatch(name) else None


def role_of(item: Wire) -> str:
    """Return the role of a message; of one without, the role that its parts suggest."""
    if role := text(item, "role"):
        return role
    given = any(text(part, "type").startswith("input_") for part in entries(item, "content"))
    return "user" if given else "assistant"


def is_output(item: Wire) -> bool:
    """Whether the model may have put this out, so that it can follow reasoning.

    Of a reference and of an unknown item nobody can tell, so they may.
    """
    kind = kind_of(item)
    if kind == MESSAGE_ITEM:
        return role_of(item) == "assistant"
    return bool(kind) and kind != REASONING_ITEM and not kind.endswith(("_output", "_response"))


def says_something(part: object) -> bool:
    """Whether a part of a message has a text, a refusal, or is of a kind that has neither."""
    wire = as_wire(part) or {}
    kind = text(wire, "type")
    if kind in _SPOKEN:
        return bool(text(wire, "text"))
    return bool(text(wire, "refusal") if kind == "refusal" else kind)
