"""Mend the small things about one item: what is wrong with it though it can stay what it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from openai_code_interpreter.history.inline import (
    has_inline_outputs,
    inline_bytes,
    lighter,
    outputs_without_data,
)
from openai_code_interpreter.history.kinds import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    FUNCTION_OUTPUT_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    identity,
    kind_of,
    role_of,
    says_something,
)
from openai_code_interpreter.history.problems import Terms
from openai_code_interpreter.wire import Wire, as_wire, optional_text

__all__ = ["mended"]


def mended(item: Wire, terms: Terms) -> Wire:
    """Return a copy of an item without its small faults.

    A message that says nothing comes back with empty content: what becomes of it depends on the
    reasoning before it.
    """
    item = dict(item)
    kind = kind_of(item)
    if kind == MESSAGE_ITEM:
        item = _message(item)
    elif kind == REASONING_ITEM:
        item = _reasoning(item)
    elif kind == CALL_ITEM:
        item = _call(item)
    elif kind == FUNCTION_OUTPUT_ITEM:
        item = _function_output(item)
    has_free_id = kind in (MESSAGE_ITEM, FUNCTION_CALL_ITEM, FUNCTION_OUTPUT_ITEM)
    if has_free_id or (kind == REASONING_ITEM and optional_text(item, "encrypted_content")):
        item = _with_valid_id(item)
    limit = terms.max_inline_bytes
    return item if limit is None or inline_bytes(item) <= limit else lighter(item, max(0, limit))


def _with_valid_id(item: Wire) -> Wire:
    if item.get("id") is None or identity(item) is not None:
        return item
    return {key: value for key, value in item.items() if key != "id"}


def _message(item: Wire) -> Wire:
    content: Any = item.get("content")
    if isinstance(content, list | tuple):
        content = _only(content, says_something)
    elif not isinstance(content, str):
        content = []
    return {**item, "content": content, "role": role_of(item)}


def _reasoning(item: Wire) -> Wire:
    summary: Any = item.get("summary")
    parts = summary if isinstance(summary, list | tuple) else []
    return {**item, "summary": _only(parts, _is_object)}


def _call(item: Wire) -> Wire:
    outputs = item.get("outputs")
    if outputs is None:
        return item
    if not isinstance(outputs, list | tuple):
        return {**item, "outputs": None}
    if has_inline_outputs(item) or not all(map(_is_object, outputs)):
        return {**item, "outputs": outputs_without_data(outputs)}
    return item


def _function_output(item: Wire) -> Wire:
    output: Any = item.get("output")
    if isinstance(output, list | tuple):
        return {**item, "output": _only(output, _is_object)}
    return item if isinstance(output, str) else {**item, "output": ""}


def _is_object(part: object) -> bool:
    return as_wire(part) is not None


def _only(parts: Sequence[object], fits: Callable[[object], bool]) -> Sequence[object]:
    """Return the parts that fit: all of them as they are, or a list of some."""
    return parts if all(map(fits, parts)) else [part for part in parts if fits(part)]
