"""What chunks, messages and conversations say of containers, files and what code printed.

`earlier_turns` reads it for the next request; the accessors read it for LangChain's users.

A history is untrusted and may come from anywhere. A container in it is used if the application
accepts it; a file in it is a reference, which a store at hand proves or not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import Generation, LLMResult

from langchain_openai_code_interpreter._answers import blocks_of
from langchain_openai_code_interpreter._blocks import call_item
from langchain_openai_code_interpreter._chunks import EVENTS_FIELD
from openai_code_interpreter import Artifact, ArtifactStore, container_id_from_metadata
from openai_code_interpreter.adapters import (
    FILE_CITATION,
    EarlierTurns,
    Wire,
    as_wire,
    entries,
    logs_of,
    mapping,
    optional_text,
    resolve_reference,
    text,
)

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = [
    "code_interpreter_events",
    "container_of",
    "earlier_turns",
    "get_artifacts",
    "get_container_id",
    "references_in",
]

_CALL_BLOCKS: Final = frozenset({"server_tool_call", "server_tool_call_chunk"})


def code_interpreter_events(source: Any) -> list[dict[str, Any]]:
    """Return the code interpreter's wire events that one chunk brought.

    They are as the API sent them, without padding: the events of calls, the beginning and end of
    call items, and the annotations that cite container files. A message made of several chunks
    has none: events are for watching, `content_blocks` for keeping.

    Args:
        source: A chunk of `stream` or `astream`, or the generation that holds it.

    Example:
        ```python
        for chunk in model.stream("Plot a parabola"):
            for event in code_interpreter_events(chunk):
                if event["type"] == "response.code_interpreter_call_code.delta":
                    print(event["delta"], end="")
        ```
    """
    message = _message(source)
    return list(getattr(message, EVENTS_FIELD, None) or ())


def get_container_id(source: Any) -> str | None:
    """Return the container that a chunk or a message names, or None.

    Args:
        source: A chunk, a message, a generation, or a result that holds one.
    """
    message = _message(source)
    if message is None:
        return None
    return container_of(message) or container_id_from_metadata(code_interpreter_events(message))


def get_artifacts(
    source: Any, *, store: ArtifactStore | None = None, client: OpenAI | None = None
) -> list[Artifact]:
    """Return the files of a message, with their bytes at hand.

    The bytes are looked for in the message itself, in `store`, in the stores that this process
    made, and in the container, through `client`.

    Args:
        source: A message, a chunk, a generation, or a result that holds one; or the state of an
            agent with `CodeInterpreterMiddleware`.
        store: The store that holds the files of this conversation.
        client: A sync OpenAI client of the account that made them.

    Raises:
        ArtifactUnavailableError: If a file is in none of these; the error says what was missing.

    Example:
        ```python
        for artifact in get_artifacts(model.invoke("Save x² as a CSV")):
            Path(artifact.filename).write_bytes(artifact.read_bytes())
        ```
    """
    found: Iterable[tuple[Wire, bytes | None]] = references_in(_message(source))
    if isinstance(source, dict):
        found = ((reference, None) for reference in entries(source, "artifacts"))
    return [
        resolve_reference(reference, data=data, store=store, client=client)
        for reference, data in found
    ]


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


def earlier_turns(messages: Sequence[BaseMessage]) -> EarlierTurns:
    """Return what the assistant messages of a conversation say of earlier turns."""
    answers = [one for one in messages if isinstance(one, AIMessage)]
    replaced = (mapping(one.response_metadata, "container_replaced") for one in answers)
    results = (
        block
        for answer in answers
        for block in blocks_of(answer)
        if text(block, "type") == "server_tool_result"
    )
    logs = {text(one, "tool_call_id"): logs_of(one, "output") for one in results}
    files = [found for answer in answers for found in references_in(answer)]
    carried = (data for _, data in files if data is not None)
    return EarlierTurns(
        containers=[found for answer in answers if (found := container_of(answer))],
        references=[reference for reference, _ in files],
        data={hashlib.sha256(data).hexdigest(): data for data in carried},
        logs={call_id: printed for call_id, printed in logs.items() if printed},
        gone=frozenset(old for one in replaced if (old := text(one, "old_id"))),
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
    seen: set[tuple[str, str]] = set()
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


def _inline_data(block: Wire) -> bytes | None:
    encoded = optional_text(block, "base64")
    return None if encoded is None else _decoded(encoded)


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None


def _message(source: Any) -> BaseMessage | None:
    """Find the message in what LangChain hands around."""
    if isinstance(source, BaseMessage):
        return source
    if isinstance(source, LLMResult):
        return next((_message(one) for row in source.generations for one in row), None)
    if isinstance(source, Generation):
        return _message(getattr(source, "message", None))
    return None
