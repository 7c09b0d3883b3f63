"""From LangChain messages to the input items of a request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    is_data_content_block,
)
from langchain_core.messages.block_translators.openai import convert_to_openai_data_block

from langchain_openai_code_interpreter._answers import answer_items, custom_calls, say_where
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.adapters import (
    FUNCTION_OUTPUT_ITEM,
    MESSAGE_ITEM,
    Wire,
    as_wire,
    mapping,
    optional_text,
    require_calls,
    text,
)

__all__ = ["to_input_items"]

_KEEP_BOTH: Final = 'keep both or leave out both (trim_messages does so with start_on="human")'
_CUSTOM_OUTPUT: Final = "custom_tool_call_output"
_WIRE_PARTS: Final = frozenset({"input_text", "input_image", "input_file"})
_OWN_ITEMS: Final = frozenset(
    {
        "apply_patch_call_output",
        "computer_call_output",
        "mcp_approval_response",
        "tool_search_output",
    }
)
"""Blocks of a message that are items of their own beside it, as the API has them."""


def to_input_items(
    messages: Sequence[BaseMessage], *, stored: bool = True, continues: bool = False
) -> list[Wire]:
    """Return the input items of a conversation.

    Args:
        messages: The conversation.
        stored: Whether the API keeps what it answers, so that an item's id stands for it.
        continues: Whether the request goes on after a response that the API has kept: the calls
            that tools answer are there.

    Raises:
        InvalidInputError: If there is no message, nothing was said, or a message or block has no
            counterpart; the message and the block are named.
    """
    answered = {one.tool_call_id for one in messages if isinstance(one, ToolMessage)}
    custom = custom_calls(messages)
    items: list[Wire] = []
    origins: list[str] = []
    for position, message in enumerate(messages):
        if isinstance(message, AIMessage):
            items += answer_items(message, position, answered=answered, stored=stored)
        else:
            items += _items_of(message, position, custom=custom)
        origins += [f"message {position}"] * (len(items) - len(origins))
    if not any(_says_something(item) for item in items):
        msg = "the prompt is empty: pass at least one message that says something"
        raise InvalidInputError(msg)
    require_calls(items, origins, way_out=_KEEP_BOTH, continues=continues)
    return items


def _says_something(item: Wire) -> bool:
    if item.get("type") != MESSAGE_ITEM:
        return True
    content = item.get("content") or ()
    if isinstance(content, str):
        return bool(content.strip())
    return any(part.get("type") != "input_text" or text(part, "text").strip() for part in content)


def _items_of(message: BaseMessage, position: int, *, custom: Collection[str]) -> list[Wire]:
    if isinstance(message, ToolMessage):
        return [_tool_item(message, position, custom=custom)]
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
    if isinstance(message.content, str):
        return [{"type": MESSAGE_ITEM, "role": role, "content": message.content}]
    return _said(message, role, position)


def _said(message: BaseMessage, role: str, position: int) -> list[Wire]:
    """The items beside a message that its blocks hold, then the message itself."""
    beside: list[Wire] = []
    parts: list[Wire] = []
    for number, block in enumerate(message.content):
        item = None if isinstance(block, str) else _own_item(block, position, number)
        if item is None:
            parts.append(_part_of(block, position, number))
        else:
            beside.append(item)
    if beside and not parts:
        return beside
    return [*beside, {"type": MESSAGE_ITEM, "role": role, "content": parts}]


def _own_item(block: Mapping[str, object], position: int, number: int) -> Wire | None:
    wire = as_wire(block) or {}
    value = mapping(wire, "value") if text(wire, "type") == "non_standard" else wire
    if text(value, "type") in _OWN_ITEMS:
        return value
    if text(value, "type") != "tool_result":
        return None
    # Anthropic's shape: a tool's answer is a block of what the user says.
    call_id, content = optional_text(value, "tool_use_id"), value.get("content") or ""
    if call_id is None:
        msg = f"{say_where(position, number, 'tool_result')} names no call: it has no tool_use_id"
        raise InvalidInputError(msg)
    if not isinstance(content, str):
        content = [_part_of(one, position, number) for one in content]
    return {"type": FUNCTION_OUTPUT_ITEM, "call_id": call_id, "output": content}


def _tool_item(message: ToolMessage, position: int, *, custom: Collection[str]) -> Wire:
    content = message.content
    kind = message.additional_kwargs.get("type")
    if kind == "computer_call_output":
        (shot, *_) = content if isinstance(content, list) else [{}]
        return {"type": kind, "call_id": message.tool_call_id, "output": shot}
    is_custom = kind == _CUSTOM_OUTPUT or message.tool_call_id in custom
    output = (
        content
        if isinstance(content, str)
        else [_part_of(block, position, number) for number, block in enumerate(content)]
    )
    return {
        "type": _CUSTOM_OUTPUT if is_custom else FUNCTION_OUTPUT_ITEM,
        "call_id": message.tool_call_id,
        "output": output,
    }


def _part_of(block: str | dict[Any, Any], position: int, number: int) -> Wire:
    """Return the part of a request that a block of a message becomes.

    Args:
        block: A block in any of the shapes that LangChain has for it.
        position: The place of the message in the conversation, counted from 0.
        number: The place of the block in the message, counted from 0.

    Raises:
        InvalidInputError: If it cannot be sent; the error names the message and the block.
    """
    if isinstance(block, str):
        return {"type": "input_text", "text": block}
    kind = block.get("type")
    where = say_where(position, number, kind)
    try:
        part = _converted(block, kind, where)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        msg = f"{where} cannot be sent: {error!r}"
        raise InvalidInputError(msg) from error
    if part is None:
        msg = f"block {number} of message {position} has the type {kind!r}, which cannot be sent"
        raise InvalidInputError(msg)
    return part


def _converted(block: dict[Any, Any], kind: Any, where: str) -> Wire | None:
    if kind in _WIRE_PARTS:
        return dict(block)
    if kind == "non_standard":
        value = mapping(block, "value")
        return value if value.get("type") in _WIRE_PARTS else None
    if _is_by_id_only(block):
        msg = (
            f"{where} is named by a file id only, which LangChain's image blocks cannot send: give "
            'it as base64 or url, or as {"type": "input_image", "file_id": …}'
        )
        raise InvalidInputError(msg)
    convert = _CONVERT.get(kind)
    part = None if convert is None else convert(block)
    if part is None and is_data_content_block(block):
        return convert_to_openai_data_block(block, api="responses")
    return part


def _is_by_id_only(block: Wire) -> bool:
    named = block.get("file_id") or (block.get("source_type") == "id")
    return block.get("type") == "image" and bool(named)


def _text(block: Wire) -> Wire:
    return {"type": "input_text", "text": block.get("text") or ""}


def _image_url(block: Wire) -> Wire:
    image = block["image_url"]
    given = image if isinstance(image, dict) else {"url": image}
    return {
        "type": "input_image",
        "image_url": given["url"],
        "detail": given.get("detail") or "auto",
    }


def _image(block: Wire) -> Wire | None:
    if (url := _source_url(block)) is not None:
        return {"type": "input_image", "image_url": url, "detail": "auto"}
    return None


def _file(block: Wire) -> Wire | None:
    if isinstance(block.get("file"), dict):
        return {"type": "input_file", **block["file"]}
    return None


def _document(block: Wire) -> Wire | None:
    """Anthropic's document: text as it is, anything else as a file."""
    source = mapping(block, "source")
    if source.get("type") == "text":
        return {"type": "input_text", "text": text(source, "data")}
    if source.get("type") == "url":
        return {"type": "input_file", "file_url": source["url"]}
    name = text(block, "title") or "document.pdf"
    url = _source_url(block)
    return None if url is None else {"type": "input_file", "filename": name, "file_data": url}


def _source_url(block: Wire) -> str | None:
    """The URL of Anthropic's `source`, a data URL where it holds the bytes."""
    source = mapping(block, "source")
    if source.get("type") == "base64":
        return f"data:{source['media_type']};base64,{source['data']}"
    return source["url"] if source.get("type") == "url" else None


_CONVERT: Final[dict[str, Callable[[Wire], Wire | None]]] = {
    "text": _text,
    "text-plain": lambda block: _text(block) if block.get("text") else None,
    "image_url": _image_url,
    "image": _image,
    "file": _file,
    "document": _document,
}
"""Shapes beside LangChain's own data blocks: those of Chat Completions, and Anthropic's."""
