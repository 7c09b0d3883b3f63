"""From LlamaIndex's messages to the input items of a request.

A history is untrusted and may come from anywhere: another LLM, a database, a browser. Of what an
assistant's message says about its runs of code, only known fields are read, and a run is sent back
as one only if it belongs to the container that the request will use: the API refuses all others.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
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

from llama_index.llms.openai_code_interpreter.containers import ASSISTANT_ROLES, message_state
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter._sansio.earlier_turns import EarlierTurns, without_stale_calls
from openai_code_interpreter._sansio.links import restore_links
from openai_code_interpreter._sansio.media_types import HEAD_BYTES, media_type
from openai_code_interpreter._sansio.plan import FileKey
from openai_code_interpreter._sansio.wire import Wire, entries, mapping, number, text
from openai_code_interpreter.history import call_input, reasoning_input

__all__ = ["background_of", "input_items", "known_files"]


def known_files(history: Sequence[ChatMessage]) -> Iterator[FileKey]:
    """Yield the container's files that assistant messages brought already."""
    for message in history:
        for reference in entries(message_state(message), "artifacts"):
            if file_id := text(reference, "file_id"):
                yield text(reference, "container_id"), file_id


def background_of(history: Sequence[ChatMessage]) -> EarlierTurns:
    """Return what a container is filled with that takes the place of a lost one."""
    states = [message_state(one) for one in history if one.role in ASSISTANT_ROLES]
    calls = [call for state in states for call in entries(state, "calls")]
    return EarlierTurns(
        references=[one for state in states for one in entries(state, "artifacts")],
        logs={text(call, "id"): text(call, "logs") for call in calls if text(call, "logs")},
    )


def input_items(
    messages: Sequence[ChatMessage], *, container: object, continues: bool = False
) -> list[Wire]:
    """Return messages as input items of the Responses API.

    A run of code is sent as it was if it belongs to the container that the request will use, and
    as a text with its code and logs if it does not.

    Args:
        messages: The conversation, oldest first. Nothing in it is changed.
        container: The container that the request will use.
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
    called: set[str | None] = set()
    for index, message in enumerate(messages):
        where = f"message {index} ({message.role.value})"
        if message.role in ASSISTANT_ROLES:
            items += _assistant_items(message, where)
            called |= {block.tool_call_id for block in _calls(message)}
        elif message.role in _TOOL_ROLES:
            items.append(_tool_output(message, where))
            if not continues and items[-1]["call_id"] not in called:
                raise _lacks_its_call(items[-1]["call_id"], where)
        elif content := _parts(message, where):
            items.append({"type": "message", "role": message.role.value, "content": content})
        elif index == len(messages) - 1:
            msg = f"{where} is empty: it is the newest one and must ask something"
            raise InvalidInputError(msg)
    logs = background_of(messages).logs
    return without_stale_calls(items, container=container, logs=logs)


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
    for block in _calls(message):
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


def _calls(message: ChatMessage) -> list[ToolCallBlock]:
    return [block for block in message.blocks if isinstance(block, ToolCallBlock)]


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


def _lacks_its_call(call_id: str, where: str) -> InvalidInputError:
    msg = (
        f"{where} answers the call {call_id!r}, which no assistant message before it makes: keep "
        "the message with its ToolCallBlock in the history, or leave this one out"
    )
    return InvalidInputError(msg)


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
_TOOL_ROLES: Final = frozenset({MessageRole.TOOL, MessageRole.FUNCTION})

_OF_ASSISTANT: Final = frozenset({"text", "thinking", "tool_call", "image", "document"})
"""What an assistant's message may hold. Its files and its thinking are not sent back."""

_PARTS: Final[dict[str, Callable[[Any], Wire | None]]] = {
    "text": _text_part,
    "image": _image_part,
    "document": _file_part,
}
"""How a block of a user's, a system's or a tool's message is sent, by its `block_type`."""
