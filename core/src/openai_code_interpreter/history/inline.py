"""Inline data in input items: how much there is, and the words that stand in for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from openai_code_interpreter.history.kinds import (
    CALL_ITEM,
    FUNCTION_OUTPUT_ITEM,
    MESSAGE_ITEM,
    kind_of,
    role_of,
)
from openai_code_interpreter.wire import Wire, as_wire, mapping, text

__all__ = ["has_inline_outputs", "inline_bytes", "lighter", "outputs_without_data"]

_PARTS: Final = {MESSAGE_ITEM: "content", FUNCTION_OUTPUT_ITEM: "output"}
"""Where the parts of an item lie, by its kind."""


def inline_bytes(item: Wire) -> int:
    """Return how many bytes of inline data the parts of an item carry, decoded.

    Read are `data:` URIs of images and files, the `file_data` of files, and audio. The outputs of
    a call are another matter: see `has_inline_outputs`.
    """
    return sum(map(_part_bytes, _parts(item)))


def _parts(item: Wire) -> list[Any]:
    parts = item.get(_PARTS.get(kind_of(item), ""))
    return list(parts) if isinstance(parts, list | tuple) else []


def _part_bytes(part: object) -> int:
    wire = as_wire(part) or {}
    whole = text(wire, "file_data") or text(mapping(wire, "input_audio"), "data")
    uris = [text(wire, key) for key in ("image_url", "file_url")]
    return _data_bytes(whole) + sum(_data_bytes(uri) for uri in uris if _is_data(uri))


def _is_data(uri: str) -> bool:
    return uri[:5].lower() == "data:"


def _data_bytes(data: str) -> int:
    """Return the decoded size of base64 or of a `data:` URI, padding counted in."""
    if not _is_data(data):
        return len(data) * 3 // 4
    header, comma, payload = data.partition(",")
    if not comma:
        return len(data)
    return len(payload) * 3 // 4 if header.lower().endswith(";base64") else len(payload)


def lighter(item: Wire, limit: int) -> Wire:
    """Return an item whose largest data are replaced by words, until `limit` bytes are left."""
    parts = _parts(item)
    sizes = [_part_bytes(part) for part in parts]
    spoken = "output_text" if role_of(item) == "assistant" else "input_text"
    if kind_of(item) == FUNCTION_OUTPUT_ITEM:
        spoken = "input_text"
    for place in sorted(range(len(parts)), key=lambda one: sizes[one], reverse=True):
        if sum(sizes) <= limit or not sizes[place]:
            break
        said = _left_out(as_wire(parts[place]) or {}, sizes[place])
        parts[place] = {"type": spoken, "text": said}
        if spoken == "output_text":
            parts[place]["annotations"] = []
        sizes[place] = 0
    return {**item, _PARTS[kind_of(item)]: parts}


def _left_out(part: Wire, size: int) -> str:
    named = [text(part, "filename")[:100], _media_type(part)]
    what = ", ".join(one for one in named if one) or text(part, "type") or "data"
    return f"[left out: {what}, about {size:,} bytes]"


def _media_type(part: Wire) -> str:
    for key in ("image_url", "file_data", "file_url", "url"):
        if _is_data(uri := text(part, key)):
            return uri[5:80].partition(",")[0].partition(";")[0]
    return ""


def has_inline_outputs(item: Wire) -> bool:
    """Whether the outputs of a call carry data, as those of a response do for each plot."""
    outputs = item.get("outputs")
    return (
        kind_of(item) == CALL_ITEM
        and isinstance(outputs, list | tuple)
        and any(_is_data(text(as_wire(one) or {}, "url")) for one in outputs)
    )


def outputs_without_data(outputs: Iterable[object]) -> list[Wire]:
    """Return the outputs of a call with a line of logs for each image that they carried."""
    found: list[Wire] = []
    for one in outputs:
        output = as_wire(one)
        if output is not None and _is_data(uri := text(output, "url")):
            output = {"type": "logs", "logs": _left_out(output, _data_bytes(uri))}
        if output is not None:
            found.append(output)
    return found
