"""What a conversation says of earlier turns: containers, files, and what code printed.

A history is untrusted and may come from anywhere. A container in it is used if the application
accepts it; a file in it is a reference, which a store at hand proves or not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from langchain_core.messages import AIMessage, BaseMessage

from langchain_openai_code_interpreter.answers import blocks_of, call_item
from openai_code_interpreter._sansio.earlier_turns import EarlierTurns
from openai_code_interpreter._sansio.plan import FileKey
from openai_code_interpreter._sansio.wire import (
    FILE_CITATION,
    Wire,
    as_wire,
    entries,
    mapping,
    optional_text,
    text,
)

__all__ = [
    "background_of",
    "container_of",
    "container_of_history",
    "files_of_history",
    "references_in",
]

_CALL_BLOCKS: Final = frozenset({"server_tool_call", "server_tool_call_chunk"})


def container_of(message: BaseMessage) -> str | None:
    """Return the container that a message ran code in: its metadata's, else its newest call's.

    Only finished messages have it in their metadata; a call names it from its first chunk on.
    """
    metadata = message.response_metadata
    found = text(mapping(metadata, "container"), "id").strip()
    if metadata.get("model_provider", "openai") != "openai":
        return None  # Anthropic's containers stand under the same key
    if found or not isinstance(message, AIMessage):
        return found or None
    calls = (block for block in reversed(blocks_of(message)) if text(block, "type") in _CALL_BLOCKS)
    named = (call_item(block) for block in calls)
    return next((item["container_id"] for item in named if item and item["container_id"]), None)


def container_of_history(
    messages: Sequence[BaseMessage], accepts: Callable[[str], bool] = lambda _: True
) -> str | None:
    """Return the container of the newest assistant message that names one.

    Args:
        messages: The conversation.
        accepts: Whether a container that a message names may be used.
    """
    containers = (container_of(one) for one in reversed(messages) if isinstance(one, AIMessage))
    return next((found for found in containers if found and accepts(found)), None)


def files_of_history(messages: Sequence[BaseMessage]) -> Iterator[FileKey]:
    """Yield the container's files that assistant messages brought already."""
    for reference, _ in _all_references(messages):
        if file_id := text(reference, "file_id"):
            yield text(reference, "container_id"), file_id


def background_of(messages: Sequence[BaseMessage]) -> EarlierTurns:
    """Return what a container is filled with that takes the place of a lost one."""
    results = (
        block
        for message in messages
        if isinstance(message, AIMessage)
        for block in blocks_of(message)
        if text(block, "type") == "server_tool_result"
    )
    logs = {text(one, "tool_call_id"): _printed(one) for one in results}
    files = list(_all_references(messages))
    carried = (data for _, data in files if data is not None)
    return EarlierTurns(
        references=[reference for reference, _ in files],
        data={hashlib.sha256(data).hexdigest(): data for data in carried},
        logs={call_id: printed for call_id, printed in logs.items() if printed},
    )


def references_in(message: BaseMessage | None) -> Iterator[tuple[Wire, bytes | None]]:
    """Yield the references to files in a message, each with its bytes if these are inline.

    Of a message that another model made of the API's response, these are the files that its text
    cites, and the pictures among the outputs of its code.
    """
    content = message.content if message is not None else None
    for block in content if isinstance(content, list) else ():
        wire = as_wire(block) or {}
        kind, extras = text(wire, "type"), mapping(wire, "extras")
        if kind in ("image", "file") and "origin" in extras:
            yield extras, _inline_data(wire)
        elif kind == "non_standard" and text(mapping(wire, "value"), "type") == "artifact":
            yield mapping(wire, "value"), None
    if isinstance(message, AIMessage):
        yield from _cited(message)
        yield from _shown(message)


def _cited(message: AIMessage) -> Iterator[tuple[Wire, None]]:
    """The files that are cited as the API cites them: in our own messages none is."""
    seen: set[FileKey] = set()
    for block in blocks_of(message):
        for annotation in entries(block, "annotations"):
            cited = mapping(annotation, "value") or annotation
            key = text(cited, "container_id"), text(cited, "file_id")
            if text(cited, "type") == FILE_CITATION and all(key) and key not in seen:
                seen.add(key)
                named = {"container_id": key[0], "file_id": key[1], "origin": "cited"}
                yield {**named, "filename": text(cited, "filename")}, None


def _shown(message: AIMessage) -> Iterator[tuple[Wire, bytes]]:
    """The pictures in the outputs of calls: our own messages have them as files."""
    number = 0
    for block in blocks_of(message):
        for output in entries(block, "output"):
            head, _, encoded = text(output, "url").partition(";base64,")
            data = _decoded(encoded) if head.startswith("data:image/") else None
            if data:
                number += 1
                call_id = text(block, "tool_call_id")
                name = f"figure_{number}.{head.rpartition('/')[2]}"
                yield {"filename": name, "origin": "inline", "call_id": call_id}, data


def _all_references(messages: Sequence[BaseMessage]) -> Iterator[tuple[Wire, bytes | None]]:
    for message in messages:
        if isinstance(message, AIMessage):
            yield from references_in(message)


def _printed(result: Wire) -> str:
    return "".join(text(output, "logs") for output in entries(result, "output"))


def _inline_data(block: Wire) -> bytes | None:
    encoded = optional_text(block, "base64")
    return None if encoded is None else _decoded(encoded)


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
