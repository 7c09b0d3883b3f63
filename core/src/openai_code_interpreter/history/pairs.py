"""Keep reasoning with the item that followed it, or let both go in a way that saves the text.

A reasoning item is only accepted with the item that followed it, and that item, by its id, only
with the reasoning. Several reasoning items before an item are one chain, which stays or goes whole.
Where a chain goes, what followed it loses its id: without one it is a fresh message or function
call, which nothing is required of. What needs its id cannot stay: a run of code becomes a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from openai_code_interpreter.history.kinds import (
    CALL_ITEM,
    FUNCTION_OUTPUT_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    is_output,
    kind_of,
)
from openai_code_interpreter.history.notes import call_note
from openai_code_interpreter.wire import Wire, text

__all__ = ["Fate", "regroup", "without_id"]

_BY_ID: Final = frozenset({"id", "status"})
"""What goes with the identity of a message: a message without an id has no status either."""


class Fate(NamedTuple):
    """What becomes of an item that is no reasoning."""

    item: Wire | None
    """The item as it will be sent, or None if it goes."""
    same: bool
    """Whether it is still the item that the reasoning before it led to."""


def without_id(item: Wire) -> Wire | None:
    """Return an item as a fresh one, or None if its kind needs an id and has no other name.

    A message or a function's output needs none; other calls are told apart by their `call_id`.
    """
    kind = kind_of(item)
    if kind == CALL_ITEM:
        return call_note(item)
    if kind == MESSAGE_ITEM:
        return {key: value for key, value in item.items() if key not in _BY_ID}
    if kind == FUNCTION_OUTPUT_ITEM or text(item, "call_id"):
        return {key: value for key, value in item.items() if key != "id"}
    return None


def regroup(
    items: Iterable[Wire],
    fate: Callable[[Wire], Fate],
    sound: Callable[[list[Wire]], bool] = lambda _: True,
) -> list[Wire]:
    """Return a list in which each item met its fate, and no reasoning is left without its follower.

    Args:
        items: Input items.
        fate: What becomes of an item.
        sound: Whether a chain of reasoning can be sent at all.
    """
    found: list[Wire] = []
    chain: list[Wire] = []
    bereaved = False
    for item in items:
        if kind_of(item) == REASONING_ITEM:
            chain.append(item)
            continue
        sent, same = fate(item)
        output = is_output(item)
        if chain and output and same and sound(chain):
            found += chain
            bereaved = False
        elif chain:
            bereaved = output
            sent = without_id(sent) if same and output and sent is not None else sent
        elif bereaved and output and same and sent is not None:
            sent = _fresh(sent)
        else:
            bereaved = bereaved and output
        chain = []
        if sent is not None:
            found.append(sent)
    return found


def _fresh(item: Wire) -> Wire:
    """Return a later item of a turn that lost its reasoning: without an id where that is easy."""
    if kind_of(item) == CALL_ITEM:
        return item
    return without_id(item) or item
