"""From LangChain messages to the input items of a request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
    is_data_content_block,
)
from langchain_core.messages.block_translators.openai import convert_to_openai_data_block

from langchain_openai_code_interpreter.blocks import TOOL_NAME
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.artifacts.links import restore_links
from openai_code_interpreter.containers.background import without_stale_calls
from openai_code_interpreter.history import input_items
from openai_code_interpreter.wire import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    Wire,
    mapping,
    optional_text,
    text,
)

__all__ = ["blocks_of", "call_item", "to_input_items"]

_WIRE_PARTS: Final = frozenset({"input_text", "input_image", "input_file"})


def to_input_items(
    messages: Sequence[BaseMessage],
    *,
    container: object = None,
    logs: Mapping[str, str] | None = None,
) -> list[Wire]:
    """Return the input items of a conversation.

    A call of the code interpreter is only replayed into its own container: the API refuses it in
    any other. There it becomes a text with its code and logs.

    Args:
        messages: The conversation.
        container: The container that the request will use.
        logs: What earlier calls printed, by the call's id.

    Raises:
        InvalidInputError: If there is no message, nothing was said, or a message or block has no
            counterpart; the message and the block are named.
    """
    items: list[Wire] = []
    for position, message in enumerate(messages):
        items += _items_of(message, position)
    if not any(_says_something(item) for item in items):
        msg = "the prompt is empty: pass at least one message that says something"
        raise InvalidInputError(msg)
    return without_stale_calls(items, container=container, logs=logs or {})


def _says_something(item: Wire) -> bool:
    if item.get("type") != MESSAGE_ITEM:
        return True
    content = item.get("content") or ()
    if isinstance(content, str):
        return bool(content.strip())
    return any(part.get("type") != "input_text" or text(part, "text").strip() for part in content)


def _items_of(message: BaseMessage, position: int) -> list[Wire]:
    if isinstance(message, AIMessage):
        return _assistant_items(message)
    if isinstance(message, ToolMessage):
        return [_tool_item(message, position)]
    if isinstance(message, HumanMessage):
        role = "user"
    elif isinstance(message, SystemMessage):
        # The mark by which LangChain's own OpenAI messages say "developer".
        role = message.additional_kwargs.get("__openai_role__", "system")
    elif isinstance(message, ChatMessage):
        role = message.role
    else:
        msg = f"message {position} is a {type(message).__name__}, which cannot be sent"
        raise InvalidInputError(msg)
    return [{"type": MESSAGE_ITEM, "role": role, "content": _parts(message, position)}]


def _tool_item(message: ToolMessage, position: int) -> Wire:
    content = message.content
    output = content if isinstance(content, str) else _parts(message, position)
    return {"type": "function_call_output", "call_id": message.tool_call_id, "output": output}


def _parts(message: BaseMessage, position: int) -> str | list[Wire]:
    if isinstance(message.content, str):
        return message.content
    return [_part(block, position, number) for number, block in enumerate(message.content)]


def _part(block: str | dict[Any, Any], position: int, number: int) -> Wire:
    if isinstance(block, str):
        return {"type": "input_text", "text": block}
    kind = block.get("type")
    if kind == "text":
        return {"type": "input_text", "text": block.get("text", "")}
    if kind in _WIRE_PARTS:
        return dict(block)
    if kind == "image_url":
        image = block["image_url"]
        given = image if isinstance(image, dict) else {"url": image}
        detail = given.get("detail") or "auto"
        return {"type": "input_image", "image_url": given["url"], "detail": detail}
    if kind == "file" and isinstance(block.get("file"), dict):
        return {"type": "input_file", **block["file"]}
    if is_data_content_block(block):
        try:
            return convert_to_openai_data_block(block, api="responses")
        except (KeyError, ValueError) as error:
            msg = f"block {number} of message {position} ({kind!r}) cannot be sent: {error}"
            raise InvalidInputError(msg) from error
    msg = f"block {number} of message {position} has the type {kind!r}, which cannot be sent"
    raise InvalidInputError(msg)


def _assistant_items(message: AIMessage) -> list[Wire]:
    """Rebuild the response's output items, then let the core make valid input of them."""
    calls = {call["id"]: call for call in message.tool_calls}
    output: list[Wire] = []
    for block in _as_said(message):
        item = _output_item(block, calls)
        if item is not None:
            _append(output, item)
    if refusal := message.additional_kwargs.get("refusal"):
        _append(output, _message_item({"type": "refusal", "refusal": refusal}, None))
    output += [_function_item(call) for call in calls.values()]
    return input_items(output)


def _as_said(message: AIMessage) -> Iterator[Wire]:
    """Yield the blocks, links in texts as the model wrote them."""
    rewritten = mapping(message.response_metadata, "rewritten_links")
    for block in blocks_of(message):
        restored = {"text": restore_links(text(block, "text"), rewritten)}
        yield {**block, **restored} if text(block, "type") == "text" else block


def blocks_of(message: AIMessage) -> list[Wire]:
    """Return the blocks of an assistant message that this API can know."""
    if isinstance(message.content, str):
        return [_text_block(message.content)] if message.content else []
    known: list[Any] = list(message.content_blocks)
    blocks = [_text_block(block) if isinstance(block, str) else block for block in known]
    if message.response_metadata.get("model_provider") == "openai":
        return blocks
    # What another provider has beyond the standard is no item that this API would know.
    return [block for block in blocks if text(block, "type") != "non_standard"]


def _text_block(said: str) -> Wire:
    return {"type": "text", "text": said}


def _output_item(block: Wire, calls: dict[str | None, ToolCall]) -> Wire | None:
    """Return the output item that a block stands for; a function call is taken out of `calls`.

    A function call's block has only its place: what it calls is what `tool_calls` says, which
    people correct before the call is made.
    """
    kind = text(block, "type")
    if kind == "tool_call":
        call = calls.pop(text(block, "id"), None)
        return None if call is None else _function_item(call)
    rebuild = _REBUILD.get(kind)
    return None if rebuild is None else rebuild(block)


def _function_item(call: ToolCall) -> Wire:
    return {
        "type": FUNCTION_CALL_ITEM,
        "call_id": call["id"],
        "name": call["name"],
        "arguments": json.dumps(call["args"]),
    }


def _append(output: list[Wire], item: Wire) -> None:
    """Add an item; the parts of one message, which are blocks of one id, are joined again."""
    last = output[-1] if output else {}
    if item["type"] == MESSAGE_ITEM == last.get("type") and item.get("id") == last.get("id"):
        last["content"] = [*last["content"], *item["content"]]
    else:
        output.append(item)


def call_item(block: Wire) -> Wire | None:
    """Return the call that a block stands for, or None if it is another tool's."""
    if text(block, "name") != TOOL_NAME:
        return None
    return {
        "type": CALL_ITEM,
        "id": text(block, "id"),
        "container_id": text(mapping(block, "extras"), "container_id"),
        "code": text(mapping(block, "args"), "code"),
        "status": "completed",
    }


def _reasoning_item(block: Wire) -> Wire | None:
    item_id, summary = _item_id(block), text(block, "reasoning")
    if item_id is None:
        return None
    return {
        "type": REASONING_ITEM,
        "id": item_id,
        "summary": [{"type": "summary_text", "text": summary}] if summary else [],
        "encrypted_content": optional_text(mapping(block, "extras"), "encrypted_content"),
    }


def _text_item(block: Wire) -> Wire:
    return _message_item({"type": "output_text", "text": text(block, "text")}, _item_id(block))


def _item_id(block: Wire) -> str | None:
    # Core invents ids for blocks that have none; the API would not know them.
    item_id = optional_text(block, "id")
    return None if item_id is None or item_id.startswith("lc_") else item_id


def _other_item(block: Wire) -> Wire | None:
    item = mapping(block, "value")
    return item if optional_text(item, "id") else None


def _message_item(part: Wire, item_id: str | None) -> Wire:
    item: Wire = {"type": MESSAGE_ITEM, "content": [part]}
    return {**item, "id": item_id, "status": "completed"} if item_id else item


_REBUILD: Final[dict[str, Callable[[Wire], Wire | None]]] = {
    "server_tool_call": call_item,
    "reasoning": _reasoning_item,
    "text": _text_item,
    "non_standard": _other_item,
}
"""Blocks of an assistant message that stand for output items, function calls apart. Results, files
and images were the response's, not the caller's, and are not sent."""
