"""What is wrong with one item, whatever stands around it.

Each fault is a code, what is wrong and why, and the way out. `check` tells them, `repair` asks for
them: so both have one opinion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from openai_code_interpreter.history.inline import has_inline_outputs, inline_bytes
from openai_code_interpreter.history.kinds import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    FUNCTION_OUTPUT_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    REFERENCE_ITEM,
    identity,
    kind_of,
    says_something,
)
from openai_code_interpreter.history.problems import ProblemCode, Terms
from openai_code_interpreter.wire import Wire, as_wire, optional_text, text

__all__ = ["Fault", "call_faults", "is_sound_function_call", "is_sound_reasoning", "item_faults"]

_FINISHED: Final = ("completed", "failed")
_WITH_ID: Final = (MESSAGE_ITEM, FUNCTION_CALL_ITEM, FUNCTION_OUTPUT_ITEM)
"""Known items that may have an id and need none."""


class Fault(NamedTuple):
    """One thing that is wrong with an item."""

    code: ProblemCode
    reason: str
    way_out: str


def item_faults(item: Wire | None, terms: Terms) -> Iterator[Fault]:
    """Yield what is wrong with one item. Items of unknown kinds are passed over."""
    kind = "" if item is None else kind_of(item)
    if item is None or not kind:
        yield Fault(
            "malformed_item",
            "is no input item: it is no object, or has neither type nor role",
            "leave it out",
        )
        return
    if kind in _WITH_ID:
        yield from _id_faults(item)
    if kind == MESSAGE_ITEM:
        yield from _message_faults(item)
    elif kind == REASONING_ITEM:
        yield from _reasoning_faults(item, terms)
    elif kind == CALL_ITEM:
        yield from call_faults(item, terms)
        yield from _output_faults(item)
    elif kind == REFERENCE_ITEM:
        yield from _reference_faults(item, terms)
    elif kind in (FUNCTION_CALL_ITEM, FUNCTION_OUTPUT_ITEM):
        yield from _function_faults(item)
    yield from _size_faults(item, terms)


def _id_faults(item: Wire) -> Iterator[Fault]:
    if item.get("id") is not None and identity(item) is None:
        yield Fault(
            "invalid_id",
            f"has the id {str(item['id'])[:40]!r}, and an id is letters, digits, _ and - "
            "(\"Invalid 'input[2].id': ''\")",
            "send it without an id",
        )


def _message_faults(item: Wire) -> Iterator[Fault]:
    if not text(item, "role"):
        yield Fault("malformed_item", "is a message without a role", "give it its role")
    content = item.get("content")
    if isinstance(content, str):
        silent = not content
    elif isinstance(content, list | tuple):
        silent = not content or not all(map(says_something, content))
    else:
        silent = True
    if silent:
        yield Fault(
            "empty_text",
            "has no text, or a part that says nothing",
            "leave out what is empty",
        )


def _reasoning_faults(item: Wire, terms: Terms) -> Iterator[Fault]:
    encrypted = optional_text(item, "encrypted_content")
    if encrypted is not None:
        yield from _id_faults(item)
    elif identity(item) is None:
        yield Fault(
            "reasoning_without_id",
            "has neither an id nor encrypted content, so nothing says what was thought",
            "leave it out, and send what followed it without its id",
        )
    if encrypted is None and terms.store is False:
        yield Fault(
            "reasoning_not_stored",
            "has no encrypted content, and with store=False nothing is kept under its id "
            "(\"Item with id 'rs_…' not found.\")",
            'ask for it with include=["reasoning.encrypted_content"]; of this one, leave it out '
            "and send what followed it without its id",
        )
    summary = item.get("summary")
    parts = summary if isinstance(summary, list | tuple) else [None]
    if any(as_wire(part) is None for part in parts):
        yield Fault("reasoning_without_summary", "lacks its summary", "send summary=[]")


def is_sound_reasoning(item: Wire, terms: Terms) -> bool:
    """Whether reasoning can be sent, once the small things about it are mended."""
    fatal = ("reasoning_without_id", "reasoning_not_stored")
    return not any(fault.code in fatal for fault in _reasoning_faults(item, terms))


def call_faults(item: Wire, terms: Terms) -> Iterator[Fault]:
    """Yield the reasons for which a call of the code interpreter cannot be sent at all."""
    way_out = "send a message with its code instead, without its reasoning"
    if identity(item) is None:
        yield Fault("call_without_id", "has no id, which a call needs", way_out)
    container_id = text(item, "container_id")
    if not container_id:
        yield Fault("call_without_container", "names no container, which a call must", way_out)
    elif terms.container_id is not None and container_id != terms.container_id:
        yield Fault(
            "stale_container",
            f"ran in the container {container_id!r}, and the request has {terms.container_id!r} "
            '("Expected container_id: cntr_…")',
            way_out,
        )
    if text(item, "status") not in _FINISHED:
        status = f"{item.get('status')!s:.40}"
        yield Fault("unfinished_call", f"never finished: its status is {status!r}", way_out)
    if not isinstance(item.get("code"), str | None):
        yield Fault("malformed_item", "has code that is no text", way_out)


def _output_faults(item: Wire) -> Iterator[Fault]:
    outputs = item.get("outputs")
    listed = outputs if isinstance(outputs, list | tuple) else [] if outputs is None else [None]
    if any(as_wire(output) is None for output in listed):
        yield Fault("malformed_item", "has outputs that are no list of objects", "send null")
    if has_inline_outputs(item):
        yield Fault(
            "inline_outputs",
            "carries its images as base64, and would with every later turn",
            "send its outputs without them, or null",
        )


def _reference_faults(item: Wire, terms: Terms) -> Iterator[Fault]:
    if identity(item) is None:
        yield Fault("malformed_item", "refers to an item without its id", "leave it out")
    elif terms.store is False:
        yield Fault(
            "reference_not_stored",
            "is an id without its item, and with store=False nothing is kept under an id "
            "(\"Item with id 'rs_…' not found.\")",
            "send the item itself, or leave it out",
        )


def _function_faults(item: Wire) -> Iterator[Fault]:
    if kind_of(item) == FUNCTION_OUTPUT_ITEM:
        output: Any = item.get("output")
        parts = output if isinstance(output, list | tuple) else [None]
        if not isinstance(output, str) and any(as_wire(part) is None for part in parts):
            yield Fault("malformed_item", "has no output", 'send "" if the function said nothing')
    elif not is_sound_function_call(item):
        yield Fault("malformed_item", "lacks call_id, name or arguments", "leave it out")


def is_sound_function_call(item: Wire) -> bool:
    """Whether a function call has all that a call needs."""
    named = bool(text(item, "call_id") and text(item, "name"))
    return named and isinstance(item.get("arguments"), str)


def _size_faults(item: Wire, terms: Terms) -> Iterator[Fault]:
    limit = terms.max_inline_bytes
    if limit is not None and (size := inline_bytes(item)) > limit:
        yield Fault(
            "oversized_data",
            f"carries {size:,} bytes of data within its text, over the limit of {limit:,}, and "
            "would with every later turn",
            "upload it and send its file_id, or leave it out",
        )
