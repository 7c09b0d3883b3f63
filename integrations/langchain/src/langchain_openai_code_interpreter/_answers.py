"""From assistant messages, ours and other models', to the output items that they were made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall, ToolCall

from langchain_openai_code_interpreter._blocks import call_item, hosted_item, image_item
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.adapters import (
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    Wire,
    entries,
    input_items,
    mapping,
    optional_text,
    restore_links,
    text,
)

__all__ = [
    "CUSTOM_CALL",
    "answer_items",
    "blocks_of",
    "custom_calls",
    "finished_calls",
    "say_where",
]

CUSTOM_CALL: Final = "custom_tool_call"


def say_where(position: int, number: int, kind: object) -> str:
    """Name a block for an error: the message and the block are counted from 0."""
    return f"block {number} of message {position} ({kind!r})"


def answer_items(
    message: AIMessage, position: int, *, answered: Collection[str], stored: bool
) -> list[Wire]:
    """Rebuild the output items of a response, and let the core make valid input of them.

    Args:
        message: The message.
        position: Its place in the conversation, counted from 0.
        answered: The calls that tools answer. A call that could not be made, but was answered, is
            sent with its answer; the API refuses one without the other.
        stored: Whether the API keeps what it answers.

    Raises:
        InvalidInputError: If a block is of a type that no message has.
    """
    rebuilding = _Rebuilding(message, answered, stored=stored)
    for number, block in enumerate(_as_said(message)):
        if text(block, "type") not in _KNOWN:
            msg = (
                f"{say_where(position, number, block.get('type'))} of an assistant is none that "
                "LangChain or this API has"
            )
            raise InvalidInputError(msg)
        rebuilding.take(block)
    return input_items(rebuilding.output())


def custom_calls(messages: Iterable[BaseMessage]) -> set[str]:
    """Return the ids of the calls of custom tools, whose input is a text and no JSON."""
    values = (
        mapping(block, "value")
        for message in messages
        if isinstance(message, AIMessage)
        for block in blocks_of(message)
    )
    return {text(value, "call_id") for value in values if text(value, "type") == CUSTOM_CALL}


def blocks_of(message: AIMessage) -> list[Wire]:
    """Return the blocks of an assistant message that this API can know."""
    if isinstance(message.content, str) and not message.additional_kwargs.get("tool_outputs"):
        return [_text_block(message.content)] if message.content else []
    known: list[Any] = list(message.content_blocks)
    blocks = [_text_block(block) if isinstance(block, str) else block for block in known]
    if message.response_metadata.get("model_provider") == "openai":
        return blocks
    # What another provider has beyond the standard is no item that this API would know.
    return [block for block in blocks if text(block, "type") != "non_standard"]


def finished_calls(message: AIMessage) -> Iterator[Wire]:
    """Yield the calls of the code interpreter as the API had put them out, outputs and all."""
    blocks = blocks_of(message)
    results = {
        text(block, "tool_call_id"): block
        for block in blocks
        if text(block, "type") == "server_tool_result"
    }
    for block in blocks:
        item = call_item(block) if text(block, "type") == "server_tool_call" else None
        if item is not None and (result := results.get(item["id"])) is not None:
            status = "completed" if result.get("status") == "success" else "failed"
            yield {**item, "status": status, "outputs": [*entries(result, "output")]}


class _Rebuilding:
    """Puts output items together, block by block."""

    def __init__(self, message: AIMessage, answered: Collection[str], *, stored: bool) -> None:
        blocks = blocks_of(message)
        self._calls: dict[str | None, ToolCall | InvalidToolCall] = {
            call["id"]: call for call in _callable(message, answered)
        }
        self._results = {
            text(block, "tool_call_id"): block
            for block in blocks
            if text(block, "type") == "server_tool_result"
        }
        self._refusal = text(message.additional_kwargs, "refusal")
        self._stored = stored
        self._output: list[Wire] = []

    def take(self, block: Wire) -> None:
        """Add what a block stands for."""
        build = self._BUILDERS.get(text(block, "type"))
        item = None if build is None else build(self, block)
        if item is not None:
            self._append(item)

    def output(self) -> list[Wire]:
        """Return the items, with what only the message's other fields told."""
        if self._refusal:
            self._append(_message_item({"type": "refusal", "refusal": self._refusal}, None))
        return self._output + [_function_item(call) for call in self._calls.values()]

    def _append(self, item: Wire) -> None:
        """Add an item; the parts of one item, which are blocks of one id, are joined again."""
        last = self._output[-1] if self._output else {}
        joined = {MESSAGE_ITEM: "content", REASONING_ITEM: "summary"}.get(item["type"])
        same = (last.get("type"), last.get("id")) == (item["type"], item.get("id"))
        if joined is None or not same:
            self._output.append(item)
            return
        last[joined] = [*last[joined], *item[joined]]
        if encrypted := item.get("encrypted_content"):
            last["encrypted_content"] = encrypted

    def _text(self, block: Wire) -> Wire:
        part = {"type": "output_text", "text": text(block, "text")}
        phase = text(block, "phase") or text(mapping(block, "extras"), "phase")
        item = _message_item(part, _item_id(block))
        return {**item, "phase": phase} if phase else item

    def _refused(self, block: Wire) -> Wire | None:
        self._refusal = ""
        if not text(block, "refusal"):
            return None
        part = {"type": "refusal", "refusal": text(block, "refusal")}
        return _message_item(part, _item_id(block))

    def _reasoning(self, block: Wire) -> Wire | None:
        item_id, summary = _item_id(block), text(block, "reasoning")
        encrypted = optional_text(block, "encrypted_content") or optional_text(
            mapping(block, "extras"), "encrypted_content"
        )
        if item_id is None or not (self._stored or encrypted):
            return None  # the API has it under no such id
        return {
            "type": REASONING_ITEM,
            "id": item_id,
            "summary": [{"type": "summary_text", "text": summary}] if summary else [],
            "encrypted_content": encrypted,
        }

    def _call(self, block: Wire) -> Wire | None:
        """A function call: its block has only its place. What it calls is what `tool_calls` says,
        which people correct before the call is made."""  # noqa: D205, D209
        call = self._calls.pop(text(block, "id"), None)
        return None if call is None else _function_item(call)

    def _hosted(self, block: Wire) -> Wire | None:
        return call_item(block) or hosted_item(block, self._results.get(text(block, "id")))

    def _image(self, block: Wire) -> Wire | None:
        return image_item(block, stored=self._stored)

    def _other(self, block: Wire) -> Wire | None:
        item = mapping(block, "value")
        if text(item, "type") == CUSTOM_CALL:
            self._calls.pop(text(item, "call_id"), None)
        return item if optional_text(item, "id") else None

    _BUILDERS: Final[dict[str, Callable[[Any, Wire], Wire | None]]] = {
        "image": _image,
        "invalid_tool_call": _call,
        "non_standard": _other,
        "reasoning": _reasoning,
        "refusal": _refused,
        "server_tool_call": _hosted,
        "text": _text,
        "tool_call": _call,
    }
    """Blocks that stand for output items. Results and files were the response's, not the caller's,
    and are not sent."""


_KNOWN: Final = frozenset(_Rebuilding._BUILDERS) | frozenset(  # noqa: SLF001 - of this module
    {
        "audio",
        "file",
        "function_call",
        "image_url",
        "input_audio",
        "server_tool_call_chunk",
        "server_tool_result",
        "text-plain",
        "thinking",
        "tool_call_chunk",
        "tool_use",
        "video",
    }
)


def _callable(
    message: AIMessage, answered: Collection[str]
) -> Iterator[ToolCall | InvalidToolCall]:
    """The calls of a message, and those that could not be made but were answered."""
    yield from message.tool_calls
    shown: list[Any] = [
        block for block in blocks_of(message) if text(block, "type") == "invalid_tool_call"
    ]
    for call in [*message.invalid_tool_calls, *shown]:
        if call.get("id") in answered:
            yield call


def _function_item(call: ToolCall | InvalidToolCall) -> Wire:
    args = call["args"]
    return {
        "type": FUNCTION_CALL_ITEM,
        "call_id": call["id"],
        "name": call["name"],
        "arguments": args if isinstance(args, str) else json.dumps(args),
    }


def _as_said(message: AIMessage) -> Iterator[Wire]:
    """Yield the blocks, links in texts as the model wrote them."""
    rewritten = mapping(message.response_metadata, "rewritten_links")
    for block in blocks_of(message):
        restored = {"text": restore_links(text(block, "text"), rewritten)}
        yield {**block, **restored} if text(block, "type") == "text" else block


def _text_block(said: str) -> Wire:
    return {"type": "text", "text": said}


def _message_item(part: Wire, item_id: str | None) -> Wire:
    item: Wire = {"type": MESSAGE_ITEM, "content": [part]}
    return {**item, "id": item_id, "status": "completed"} if item_id else item


def _item_id(block: Wire) -> str | None:
    # Core invents ids for blocks that have none; the API would not know them.
    item_id = optional_text(block, "id")
    return None if item_id is None or item_id.startswith("lc_") else item_id
