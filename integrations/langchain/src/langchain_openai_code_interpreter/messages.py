"""From LangChain messages to the input items of a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_openai_code_interpreter.answers import answer_items, custom_calls
from langchain_openai_code_interpreter.parts import OWN_ITEMS, part_of, say_where
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter._sansio.earlier_turns import without_stale_calls
from openai_code_interpreter._sansio.wire import (
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    Wire,
    as_wire,
    mapping,
    optional_text,
    text,
)
from openai_code_interpreter.history._items import FUNCTION_OUTPUT_ITEM

__all__ = ["to_input_items"]

_CUSTOM_CALL: Final = "custom_tool_call"
_CUSTOM_OUTPUT: Final = "custom_tool_call_output"
_CALLS: Final = frozenset({FUNCTION_CALL_ITEM, _CUSTOM_CALL, "computer_call"})


def to_input_items(
    messages: Sequence[BaseMessage],
    *,
    container: object = None,
    logs: Mapping[str, str] | None = None,
    stored: bool = True,
    continues: bool = False,
) -> list[Wire]:
    """Return the input items of a conversation.

    A call of the code interpreter is only replayed into its own container: the API refuses it in
    any other. There it becomes a text with its code and logs.

    Args:
        messages: The conversation.
        container: The container that the request will use.
        logs: What earlier calls printed, by the call's id.
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
    for position, message in enumerate(messages):
        if isinstance(message, AIMessage):
            items += answer_items(message, position, answered=answered, stored=stored)
        else:
            items += _items_of(message, position, custom=custom)
    if not any(_says_something(item) for item in items):
        msg = "the prompt is empty: pass at least one message that says something"
        raise InvalidInputError(msg)
    if not continues:
        _check_answers(messages, items)
    return without_stale_calls(items, container=container, logs=logs or {})


def _says_something(item: Wire) -> bool:
    if item.get("type") != MESSAGE_ITEM:
        return True
    content = item.get("content") or ()
    if isinstance(content, str):
        return bool(content.strip())
    return any(part.get("type") != "input_text" or text(part, "text").strip() for part in content)


def _check_answers(messages: Sequence[BaseMessage], items: Sequence[Wire]) -> None:
    """Raise if a tool answers a call that nothing before it made: the API's 400 names no message.

    A history that was cut to fit, at a place between a call and its answer, is the usual reason.
    """
    called = {item.get("call_id") for item in items if item.get("type") in _CALLS}
    for position, message in enumerate(messages):
        if isinstance(message, ToolMessage) and message.tool_call_id not in called:
            msg = (
                f"message {position} answers the call {message.tool_call_id!r}, which no assistant "
                "message before it makes: keep both or leave out both (trim_messages does so with "
                'start_on="human")'
            )
            raise InvalidInputError(msg)


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
            parts.append(part_of(block, position, number))
        else:
            beside.append(item)
    if beside and not parts:
        return beside
    return [*beside, {"type": MESSAGE_ITEM, "role": role, "content": parts}]


def _own_item(block: Mapping[str, object], position: int, number: int) -> Wire | None:
    wire = as_wire(block) or {}
    value = mapping(wire, "value") if text(wire, "type") == "non_standard" else wire
    if text(value, "type") in OWN_ITEMS:
        return value
    if text(value, "type") != "tool_result":
        return None
    # Anthropic's shape: a tool's answer is a block of what the user says.
    call_id, content = optional_text(value, "tool_use_id"), value.get("content") or ""
    if call_id is None:
        msg = f"{say_where(position, number, 'tool_result')} names no call: it has no tool_use_id"
        raise InvalidInputError(msg)
    if not isinstance(content, str):
        content = [part_of(one, position, number) for one in content]
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
        else [part_of(block, position, number) for number, block in enumerate(content)]
    )
    return {
        "type": _CUSTOM_OUTPUT if is_custom else FUNCTION_OUTPUT_ITEM,
        "call_id": message.tool_call_id,
        "output": output,
    }
