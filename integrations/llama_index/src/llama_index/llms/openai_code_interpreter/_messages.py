"""From LlamaIndex's messages to input items, and to what they say of earlier turns.

A history is untrusted and may come from anywhere: another LLM, a database, a browser. Of what an
assistant's message says about its runs of code, only known fields are read. Which of these runs the
request can take is decided by the core.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from llama_index.core.base.llms.types import (
    ChatMessage,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)

from llama_index.llms.openai_code_interpreter._responses import message_state
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.adapters import (
    HEAD_BYTES,
    EarlierTurns,
    Wire,
    call_input,
    entries,
    mapping,
    media_type,
    number,
    optional_text,
    reasoning_input,
    require_calls,
    restore_links,
    text,
)

__all__ = ["earlier_turns", "input_items"]

_ASSISTANT_ROLES: Final = frozenset({MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL})
"""Whose messages may say something of containers."""

_TOOL_ROLES: Final = frozenset({MessageRole.TOOL, MessageRole.FUNCTION})


def earlier_turns(history: Sequence[ChatMessage]) -> EarlierTurns:
    """Return what the assistant's messages say of the turns that they end."""
    states = [message_state(one) for one in history if one.role in _ASSISTANT_ROLES]
    named = (text(state, "container_id").strip() for state in states)
    calls = [call for state in states for call in entries(state, "calls")]
    replaced = (optional_text(mapping(state, "replaced"), "old_id") for state in states)
    return EarlierTurns(
        containers=[one for one in named if one],
        references=[one for state in states for one in entries(state, "artifacts")],
        logs={text(call, "id"): text(call, "logs") for call in calls if text(call, "logs")},
        gone=frozenset(one for one in replaced if one),
    )


def input_items(messages: Sequence[ChatMessage], *, continues: bool = False) -> list[Wire]:
    """Return messages as input items of the Responses API.

    Args:
        messages: The conversation, oldest first. Nothing in it is changed.
        continues: The API holds an earlier part of the conversation, where the call may stand that
            a tool's result answers.

    Returns:
        New dicts, in the order of the messages. Messages that say nothing are left out. Several
        system messages stay several, each at its place: the API takes them anywhere.

    Raises:
        InvalidInputError: If there is no message, the newest one is a user's and empty, a tool's
            result answers no call, or a block cannot be sent; the error names the message and the
            block.
    """
    if not messages:
        msg = "there are no messages: pass at least one"
        raise InvalidInputError(msg)
    items: list[Wire] = []
    origins: list[str] = []
    for index, message in enumerate(messages):
        where = f"message {index} ({message.role.value})"
        made = list(_items(message, where))
        is_newest = index == len(messages) - 1
        if not made and is_newest and message.role not in _ASSISTANT_ROLES:
            msg = f"{where} is empty: it is the newest one and must ask something"
            raise InvalidInputError(msg)
        items += made
        origins += [where] * len(made)
    require_calls(items, origins, way_out=_WAY_OUT, continues=continues)
    return items


def _items(message: ChatMessage, where: str) -> Iterable[Wire]:
    if message.role in _ASSISTANT_ROLES:
        return _assistant_items(message, where)
    if message.role in _TOOL_ROLES:
        return [_tool_output(message, where)]
    content = _parts(message, where)
    return [{"type": "message", "role": message.role.value, "content": content}] if content else []


def _assistant_items(message: ChatMessage, where: str) -> Iterator[Wire]:
    for place, block in enumerate(message.blocks):
        if block.block_type not in _OF_ASSISTANT:
            raise _unsupported(block, place, where)
    state = message_state(message)
    for call in entries(state, "calls"):
        replay = call_input(call)
        if replay is not None:
            yield from (reasoning_input(item) for item in entries(call, "reasoning"))
            yield replay
    for said, phase in _said(message, state):
        content = [{"type": "output_text", "text": said, "annotations": []}]
        named = {"phase": phase} if phase else {}
        yield {"type": "message", "role": "assistant", "content": content, **named}
    for block in message.blocks:
        if isinstance(block, ToolCallBlock):
            yield _function_call(block, where)


def _said(message: ChatMessage, state: Wire) -> Iterator[tuple[str, str]]:
    """The text of a message and its phase; several where it was made of several."""
    said = restore_links(message.content or "", mapping(state, "rewritten_links"))
    parts = [(number(one, "chars"), text(one, "phase")) for one in entries(state, "phases")]
    if sum(chars for chars, _ in parts) != len(said):
        parts = [(len(said), "")]  # it has no phases, or somebody has changed the text since
    start = 0
    for chars, phase in parts:
        if chars > 0:
            yield said[start : start + chars], phase
            start += chars


def _function_call(block: ToolCallBlock, where: str) -> Wire:
    arguments = block.tool_kwargs
    if not block.tool_call_id:
        msg = f"{where} holds a call of {block.tool_name!r} without a tool_call_id"
        raise InvalidInputError(msg)
    return {
        "type": "function_call",
        "call_id": block.tool_call_id,
        "name": block.tool_name,
        "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
    }


def _tool_output(message: ChatMessage, where: str) -> Wire:
    call_id = message.additional_kwargs.get("tool_call_id")
    if not isinstance(call_id, str) or not call_id:
        msg = f"{where} does not say which call it answers: set additional_kwargs['tool_call_id']"
        raise InvalidInputError(msg)
    output: str | list[Wire] = _parts(message, where)
    if all(block.block_type == "text" for block in message.blocks):
        output = message.content or ""
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def _parts(message: ChatMessage, where: str) -> list[Wire]:
    """The blocks of a message as content parts; empty texts are left out."""
    parts: list[Wire] = []
    for place, block in enumerate(message.blocks):
        to_part = _PARTS.get(block.block_type)
        if to_part is None:
            raise _unsupported(block, place, where)
        try:
            part = to_part(block)
        except (OSError, ValueError) as error:
            msg = f"{where}, block {place}: the {type(block).__name__} cannot be read: {error}"
            raise InvalidInputError(msg) from error
        if part is not None:
            parts.append(part)
    return parts


def _text_part(block: TextBlock) -> Wire | None:
    return {"type": "input_text", "text": block.text} if block.text.strip() else None


def _image_part(block: ImageBlock) -> Wire:
    # A URL is passed on: the block's own methods would fetch it here.
    url = str(block.url) if block.url and not block.image and not block.path else None
    if url is None:
        data = block.resolve_image().read()
        url = _data_url(data, block.image_mimetype or media_type("", data[:HEAD_BYTES]))
    return {"type": "input_image", "detail": block.detail or "auto", "image_url": url}


def _file_part(block: DocumentBlock) -> Wire:
    url = block.url if not block.data and not block.path else None
    if url is not None and not url.startswith("data:"):
        return {"type": "input_file", "file_url": url}
    name = _file_name(block)
    data = block.resolve_document().read()
    kind = block.document_mimetype or media_type(name, data[:HEAD_BYTES])
    return {"type": "input_file", "filename": name, "file_data": _data_url(data, kind)}


def _file_name(block: DocumentBlock) -> str:
    """The block's title; where that is LlamaIndex's own default, the name of its path."""
    title = block.title or _UNTITLED
    return Path(str(block.path)).name if block.path and title == _UNTITLED else title


def _data_url(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _unsupported(block: object, place: int, where: str) -> InvalidInputError:
    msg = (
        f"{where}, block {place}: a {type(block).__name__} cannot be sent; use TextBlock, "
        "ImageBlock or DocumentBlock"
    )
    return InvalidInputError(msg)


_UNTITLED: Final = "input_document"

_WAY_OUT: Final = "keep the message with its ToolCallBlock in the history, or leave this one out"
"""What to do about a result whose call is not there."""

_OF_ASSISTANT: Final = frozenset({"text", "thinking", "tool_call", "image", "document"})
"""What an assistant's message may hold. Its files and its thinking are not sent back."""

_PARTS: Final[dict[str, Callable[[Any], Wire | None]]] = {
    "text": _text_part,
    "image": _image_part,
    "document": _file_part,
}
"""How a block of a user's, a system's or a tool's message is sent, by its `block_type`."""
