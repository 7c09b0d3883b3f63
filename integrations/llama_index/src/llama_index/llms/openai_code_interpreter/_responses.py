"""From a result to LlamaIndex's complete `ChatResponse`, and what is read back of it.

What its message looks like:

- `blocks`: a `ThinkingBlock` for each reasoning summary, one `TextBlock` with all text, a
  `ToolCallBlock` for each call of one of the caller's functions, a block for each generated file.
  Runs of code are no `ToolCallBlock`: an agent would try to execute them.
- `additional_kwargs["code_interpreter"]`: `{"container_id", "calls", "artifacts", "failures",
  "dangling_links", "rewritten_links", "replaced", "phases"}`, small and JSON: any memory keeps it,
  and the next turn can go on from it.
- `additional_kwargs["refusal"]`, `["incomplete_reason"]`: if the model refused, or was stopped.

There is no block for files in general: pictures become an `ImageBlock`, all else a `DocumentBlock`.
Bytes are always given in base64, because these blocks take bytes that merely look like base64
(`b"12345678"`) for base64 and would hand back others.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)

from openai_code_interpreter import Artifact, ArtifactUnavailableError, CodeInterpreterResult
from openai_code_interpreter.adapters import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    METADATA_KEY,
    REASONING_ITEM,
    Wire,
    call_input,
    entries,
    logs_of,
    mapping,
    optional_text,
    reasoning_input,
    reference_to,
    text,
)

__all__ = [
    "MAX_LOGS_CHARS",
    "REFUSAL_KEY",
    "STATE_KEY",
    "final_response",
    "inline_bytes",
    "message_state",
]

STATE_KEY: Final = METADATA_KEY
"""Where an assistant's message keeps the container, the calls and the artifacts."""

REFUSAL_KEY: Final = "refusal"
"""Where a message keeps what the model said in refusing."""

MAX_LOGS_CHARS: Final = 1_000
"""How much of what a call printed a message keeps, in characters."""

_INCOMPLETE_KEY: Final = "incomplete_reason"


_FileBlock: TypeAlias = ImageBlock | DocumentBlock


def message_state(message: ChatMessage) -> Wire:
    """Return what an assistant's message says of container, calls and artifacts; else {}."""
    return mapping(message.additional_kwargs, STATE_KEY)


def final_response(
    result: CodeInterpreterResult,
    *,
    inline_files: bool,
    raw: Wire,
    replaced: Wire | None = None,
) -> ChatResponse:
    """Return the complete response. Files are read from their store, so this may block.

    Args:
        result: What came.
        inline_files: Give files as blocks with their bytes; else as blocks that any memory can
            serialise.
        raw: The response as the API sent it.
        replaced: What is said of a container that took the place of a lost one.
    """
    to_block = _inline_block if inline_files else _reference_block
    kwargs: dict[str, Any] = {}
    state = _state(result)
    if phases := list(_phases(result)):
        state["phases"] = phases
    if replaced is not None:
        state["replaced"] = replaced
    if state:
        kwargs[STATE_KEY] = state
    if result.refusal:
        kwargs[REFUSAL_KEY] = result.refusal
    if result.incomplete_reason:
        kwargs[_INCOMPLETE_KEY] = result.incomplete_reason
    blocks: list[ContentBlock] = [*_thinking_blocks(result)]
    if said := result.text + (result.refusal or ""):
        blocks.append(TextBlock(text=said))
    blocks += _tool_call_blocks(result)
    blocks += [to_block(artifact) for artifact in result.artifacts]
    message = ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks, additional_kwargs=kwargs)
    return ChatResponse(message=message, delta="", raw=raw)


def _state(result: CodeInterpreterResult) -> dict[str, Any]:
    """What the next turn needs to know of this one; empty if no code ran and no file came."""
    calls = list(_finished_calls(result))
    if not (result.container_id or calls or result.artifacts or result.failures):
        return {}
    state: dict[str, Any] = {
        "container_id": result.container_id,
        "calls": calls,
        "artifacts": [reference_to(artifact) for artifact in result.artifacts],
    }
    if result.dangling_links:
        state["dangling_links"] = result.dangling_links
    if result.rewritten_links:
        state["rewritten_links"] = result.rewritten_links
    if result.failures:
        state["failures"] = [error.to_dict() for error in result.failures]
    return state


def _phases(result: CodeInterpreterResult) -> Iterator[Wire]:
    """Yield the length and the phase of each message that the text is made of, if one has a phase.

    The API asks for the `phase` of its messages, `commentary` or `final_answer`, to be sent back.
    """
    said = [item for item in result.output if text(item, "type") == MESSAGE_ITEM]
    if any(text(item, "phase") for item in said):
        for item in said:
            chars = sum(len(text(part, "text")) for part in entries(item, "content"))
            yield {"chars": chars, "phase": optional_text(item, "phase")}


def _finished_calls(result: CodeInterpreterResult) -> Iterator[Wire]:
    """Yield the calls that can be replayed, each with the reasoning that it must be sent with."""
    reasoning: list[Wire] = []
    for item in result.output:
        if text(item, "type") == REASONING_ITEM:
            reasoning.append(reasoning_input(item))
            continue
        call = call_input(item) if text(item, "type") == CALL_ITEM else None
        if call is not None:
            keys = ("id", "container_id", "status", "code")
            kept = {**{key: call[key] for key in keys}, "reasoning": reasoning}
            logs = logs_of(item)
            yield {**kept, "logs": _shortened(logs)} if logs else kept
        reasoning = []


def _shortened(logs: str) -> str:
    """The beginning and the end of what a call printed: a memory counts every character."""
    half = MAX_LOGS_CHARS // 2
    return logs if len(logs) <= MAX_LOGS_CHARS else f"{logs[:half]}\n[…]\n{logs[-half:]}"


def _thinking_blocks(result: CodeInterpreterResult) -> Iterator[ThinkingBlock]:
    for item in result.output:
        if text(item, "type") == REASONING_ITEM:
            paragraphs = [text(part, "text") for part in entries(item, "summary")]
            if any(paragraphs):
                yield ThinkingBlock(content="\n\n".join(paragraphs))


def _tool_call_blocks(result: CodeInterpreterResult) -> Iterator[ToolCallBlock]:
    """Yield the finished calls of the caller's functions; one that was cut off must not run."""
    for item in result.output:
        finished = text(item, "status") in ("", "completed")
        if text(item, "type") == FUNCTION_CALL_ITEM and finished:
            yield ToolCallBlock(
                tool_call_id=text(item, "call_id"),
                tool_name=text(item, "name"),
                tool_kwargs=text(item, "arguments"),
            )


def _inline_block(artifact: Artifact) -> _FileBlock:
    """Return a block that carries the file's bytes.

    Args:
        artifact: A delivered file.

    Returns:
        An `ImageBlock` for a picture that may be shown in place, else a `DocumentBlock`. If the
        file was not fetched, or the store has lost it meanwhile, what `_reference_block` returns.
    """
    if not artifact.fetched:
        return _reference_block(artifact)
    try:
        data = base64.b64encode(artifact.read_bytes())
    except ArtifactUnavailableError:
        return _reference_block(artifact)
    if artifact.inline_safe:
        return ImageBlock(image=data, image_mimetype=artifact.media_type)
    return DocumentBlock(data=data, title=artifact.filename, document_mimetype=artifact.media_type)


def _reference_block(artifact: Artifact) -> DocumentBlock:
    """Return a block without bytes, which every memory of LlamaIndex can serialise.

    An agent's default memory is dumped in Python mode and then written as JSON: bytes, `Path` and
    URL objects fail there, and the whole conversation is dropped with a warning. A path that is a
    string passes.

    Args:
        artifact: A delivered file.

    Returns:
        A `DocumentBlock` with the file's path if it lies in a folder, else with its name alone.
    """
    location = artifact.location
    return DocumentBlock(
        path=location if location and Path(location).is_absolute() else None,
        title=artifact.filename,
        document_mimetype=artifact.media_type,
    )


def inline_bytes(block: object) -> bytes | None:
    """Return the bytes that `_inline_block` put into a block, or None if it carries none."""
    if isinstance(block, ImageBlock):
        data = block.image
    elif isinstance(block, DocumentBlock):
        data = block.data
    else:
        return None
    if not isinstance(data, bytes):
        return None
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        return None
