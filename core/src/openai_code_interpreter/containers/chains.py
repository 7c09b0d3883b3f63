"""A chain of stored responses, turned back into the items that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openai_code_interpreter.containers.steps import ListInput, Plan, RetrieveResponse
from openai_code_interpreter.wire import Wire, as_wire, entries, optional_text, text

__all__ = ["Link", "chained_items", "link_of"]

_LONGEST: Final = 200
"""How many responses of a chain are read; what was said before them is left out."""

_KEPT_OUTPUTS: Final = "logs"


@dataclass(frozen=True, slots=True)
class Link:
    """One response of a chain."""

    previous_id: str | None
    items: Sequence[Any]
    """What was put in, and what came out."""


def link_of(asked: str | Sequence[Any], output: Iterable[Wire], *, previous_id: str | None) -> Link:
    """Return the link that a response is, without the images that its calls put out."""
    given = [{"role": "user", "content": asked}] if isinstance(asked, str) else list(asked)
    return Link(previous_id, [*given, *map(_without_images, output)])


def chained_items(response_id: str, remembered: Callable[[str], Link | None]) -> Plan[list[Any]]:
    """Plan to get all that was said up to a response: its input and output, and those before it.

    A request with `previous_response_id` goes on in the container of the response before. Once
    that is gone, the chain is of no use to the API, and its items have to be sent instead. What is
    not remembered here is asked of the API, which keeps stored responses.

    Whether the input that the API lists of a response has the turns before it is not documented,
    so an item that came already, by its id, is not taken twice.

    Args:
        response_id: The response that a request would go on with.
        remembered: Gives a link that is known in this process.

    Returns:
        Items, oldest first; calls with what they printed.
    """
    turns: dict[str, Sequence[Any]] = {}
    current: str | None = response_id
    while current is not None and current not in turns and len(turns) < _LONGEST:
        link = remembered(current)
        if link is None:
            response: Wire = yield RetrieveResponse(current)
            asked: list[Wire] = yield ListInput(current)
            previous = optional_text(response, "previous_response_id")
            link = link_of(asked, entries(response, "output"), previous_id=previous)
        turns[current] = link.items
        current = link.previous_id
    return _each_once(item for turn in reversed(turns.values()) for item in turn)


def _without_images(item: Wire) -> Wire:
    if not item.get("outputs"):
        return item
    kept = [one for one in entries(item, "outputs") if text(one, "type") == _KEPT_OUTPUTS]
    return {**item, "outputs": kept}


def _each_once(items: Iterable[Any]) -> list[Any]:
    kept: list[Any] = []
    seen: set[str] = set()
    for item in items:
        item_id = optional_text(as_wire(item) or {}, "id")
        if item_id is None or item_id not in seen:
            kept.append(item)
        if item_id is not None:
            seen.add(item_id)
    return kept
