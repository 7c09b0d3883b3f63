"""The caller's own functions: how they are offered, forced and read back.

The Responses API takes functions and choices flat, where Chat Completions nests them under
`function`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection

from openai_code_interpreter._sansio.wire import Wire

if TYPE_CHECKING:
    from llama_index.core.tools.types import BaseTool

__all__ = ["ToolChoice", "tool_arguments", "tool_selections"]

ToolChoice = str | Mapping[str, Any]
"""`"auto"`, `"none"`, `"required"`, the name of a function, or a choice as either API has it."""

_MODES: Final = frozenset({"auto", "none", "required"})


def tool_arguments(
    tools: Sequence[BaseTool],
    *,
    choice: ToolChoice | None = None,
    required: bool = False,
    parallel: bool = False,
) -> dict[str, Any]:
    """Return the arguments of `responses.create` that offer functions to the model.

    Args:
        tools: The functions. Without any, nothing but an empty `tools` is said.
        choice: Which tool the model should call.
        required: The model must call some tool; `choice` wins.
        parallel: It may call several at once.
    """
    arguments: dict[str, Any] = {"tools": [_function(tool) for tool in tools]}
    if tools:
        arguments["parallel_tool_calls"] = parallel
    if choice is not None:
        arguments["tool_choice"] = _choice(choice)
    elif required:
        arguments["tool_choice"] = "required"
    return arguments


def tool_selections(message: ChatMessage) -> list[ToolSelection]:
    """Return the calls of functions that a message asks for.

    Arguments that are no JSON object are read as none: the tool's complaint about what is missing
    then goes to the model, which can mend it.
    """
    return [
        ToolSelection(
            tool_id=block.tool_call_id or "",
            tool_name=block.tool_name,
            tool_kwargs=_arguments(block.tool_kwargs),
        )
        for block in message.blocks
        if isinstance(block, ToolCallBlock)
    ]


def _function(tool: BaseTool) -> Wire:
    # The limit of 1024 characters that LlamaIndex checks is not this API's.
    nested = tool.metadata.to_openai_tool(skip_length_check=True)
    return {"type": "function", **nested["function"]}


def _choice(choice: ToolChoice) -> str | Wire:
    if isinstance(choice, str):
        return choice if choice in _MODES else {"type": "function", "name": choice}
    nested = choice.get("function")
    if choice.get("type") == "function" and isinstance(nested, Mapping):
        return {"type": "function", "name": nested.get("name")}
    return dict(choice)


def _arguments(given: dict[str, Any] | str) -> dict[str, Any]:
    if isinstance(given, dict):
        return given
    try:
        parsed = json.loads(given)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
