"""A finished response as the ordered events of its stream. Pure: no clock, no ids, no sockets.

The order is that of every recorded stream: items one after another, each opened by
`output_item.added` and closed by `output_item.done`; a call's outputs only in the latter; a
message's annotations after the last delta and before `output_text.done`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from openai_code_interpreter.testing.server._items import Item, encrypted_content
from openai_code_interpreter.testing.server._response_object import Response, in_progress, queued

__all__ = ["Event", "opening_events", "response_events", "split"]

Event: TypeAlias = dict[str, Any]

# The API pads the text of a delta to a multiple of this, to hide its length from onlookers.
_PADDED_TO = 16

_PIECES = re.compile(r"\s{0,6}\S{1,6}|\s{1,6}")


def response_events(response: Response, *, obfuscated: bool = True) -> list[Event]:
    """Return the events of a response.

    Args:
        response: The response as its terminal event holds it; its status names that event.
        obfuscated: Whether delta events carry `obfuscation`.
    """
    events = opening_events(response)
    if response["status"] != "cancelled":  # for which there is no event
        terminal = {"type": f"response.{response['status']}", "response": response}
        events += _numbered([*_all_items(response["output"]), terminal], first=len(events))
    return [_padded(event) for event in events] if obfuscated else events


def opening_events(response: Response) -> list[Event]:
    """Return the events that come before the first item. Those in the background are synthetic."""
    opening = in_progress(response)
    created = queued(response) if response.get("background") else opening
    events = [{"type": "response.created", "response": created}]
    if response.get("background"):
        events.append({"type": "response.queued", "response": created})
    return _numbered([*events, {"type": "response.in_progress", "response": opening}], first=0)


def split(text: str) -> list[str]:
    """Cut text into pieces of a few characters, much like tokens; joined, they are the text."""
    return _PIECES.findall(text)


def _numbered(events: Iterable[Event], *, first: int) -> list[Event]:
    return [
        {"type": event["type"], "sequence_number": number, **event}
        for number, event in enumerate(events, first)
    ]


def _all_items(output: Iterable[Item]) -> Iterator[Event]:
    for index, item in enumerate(output):
        opened, inner = _ITEMS[item["type"]]
        place = {"output_index": index}
        yield {"type": "response.output_item.added", **place, "item": opened(item)}
        yield from inner(item, {**place, "item_id": item["id"]})
        yield {"type": "response.output_item.done", **place, "item": item}


def _opened_reasoning(item: Item) -> Item:
    opened = {**item, "summary": []}
    if "encrypted_content" in item:  # recorded: not the same at the start and at the end
        opened["encrypted_content"] = encrypted_content(f"opening {item['id']}")
    return opened


def _reasoning(item: Item, place: Event) -> Iterator[Event]:
    for index, part in enumerate(item["summary"]):
        at = {**place, "summary_index": index}
        empty = {**part, "text": ""}
        yield {"type": "response.reasoning_summary_part.added", **at, "part": empty}
        for piece in split(part["text"]):
            yield {"type": "response.reasoning_summary_text.delta", **at, "delta": piece}
        yield {"type": "response.reasoning_summary_text.done", **at, "text": part["text"]}
        yield {"type": "response.reasoning_summary_part.done", **at, "part": part}


def _opened_code(item: Item) -> Item:
    empty: list[Any] | None = None if item["outputs"] is None else []
    return {**item, "status": "in_progress", "code": "", "outputs": empty}


# The call's own events after its code is written, by the status it ends with. Only the first
# line was ever recorded.
_CODE_ENDINGS: dict[str, tuple[str, ...]] = {
    "completed": ("interpreting", "completed"),
    "failed": ("interpreting",),
    "incomplete": (),
}


def _code(item: Item, place: Event) -> Iterator[Event]:
    yield {"type": "response.code_interpreter_call.in_progress", **place}
    for piece in split(item["code"]):
        yield {"type": "response.code_interpreter_call_code.delta", **place, "delta": piece}
    yield {"type": "response.code_interpreter_call_code.done", **place, "code": item["code"]}
    for ending in _CODE_ENDINGS[item["status"]]:
        yield {"type": f"response.code_interpreter_call.{ending}", **place}


def _opened_function(item: Item) -> Item:
    return {**item, "status": "in_progress", "arguments": ""}


def _function(item: Item, place: Event) -> Iterator[Event]:
    arguments = item["arguments"]
    for piece in split(arguments):
        yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
    yield {"type": "response.function_call_arguments.done", **place, "arguments": arguments}


def _opened_message(item: Item) -> Item:
    return {**item, "status": "in_progress", "content": []}


def _message(item: Item, place: Event) -> Iterator[Event]:
    for index, part in enumerate(item["content"]):
        empty, inner = _PARTS[part["type"]]
        at = {**place, "content_index": index}
        yield {"type": "response.content_part.added", **at, "part": {**part, **empty}}
        yield from inner(part, at)
        yield {"type": "response.content_part.done", **at, "part": part}


def _text_part(part: Event, at: Event) -> Iterator[Event]:
    for piece in split(part["text"]):
        yield {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
    for index, annotation in enumerate(part["annotations"]):
        yield {
            "type": "response.output_text.annotation.added",
            **at,
            "annotation_index": index,
            "annotation": annotation,
        }
    yield {"type": "response.output_text.done", **at, "text": part["text"], "logprobs": []}


def _refusal_part(part: Event, at: Event) -> Iterator[Event]:
    for piece in split(part["refusal"]):
        yield {"type": "response.refusal.delta", **at, "delta": piece}
    yield {"type": "response.refusal.done", **at, "refusal": part["refusal"]}


_Inner: TypeAlias = Callable[[dict[str, Any], Event], Iterator[Event]]

# By item type: the item as `output_item.added` shows it, and the events within.
_ITEMS: dict[str, tuple[Callable[[Item], Item], _Inner]] = {
    "reasoning": (_opened_reasoning, _reasoning),
    "code_interpreter_call": (_opened_code, _code),
    "function_call": (_opened_function, _function),
    "message": (_opened_message, _message),
}

# By content part type: what is empty when the part is added, and the events within.
_PARTS: dict[str, tuple[dict[str, Any], _Inner]] = {
    "output_text": ({"text": "", "annotations": []}, _text_part),
    "refusal": ({"refusal": ""}, _refusal_part),
}


def _padded(event: Event) -> Event:
    if "delta" not in event:
        return event
    missing = -len(event["delta"]) % _PADDED_TO
    noise = hashlib.sha256(f"{event['item_id']}:{event['sequence_number']}".encode()).hexdigest()
    return {**event, "obfuscation": noise[:missing]}
