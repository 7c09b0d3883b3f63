"""Tools and tool choices in the flat shape that the Responses API takes.

The Chat Completions API, and so every framework, nests a function under `function`; this API has it
flat, in tools as in choices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from openai_code_interpreter._sansio.wire import TOOL_TYPE
from openai_code_interpreter.errors import InvalidInputError

__all__ = ["code_interpreter_tool", "flat_tool", "flat_tool_choice", "is_code_interpreter"]

_HOSTED: Final = frozenset(
    {
        TOOL_TYPE,
        "apply_patch",
        "computer_use_preview",
        "file_search",
        "image_generation",
        "mcp",
        "shell",
        "tool_search",
        "web_search",
        "web_search_preview",
    }
)
"""Hosted tools that a choice may name; the API says if one is not there."""

_MODES: Final = ("auto", "none", "required")


def is_code_interpreter(tool: object) -> bool:
    """Whether a tool is the code interpreter itself."""
    return isinstance(tool, Mapping) and tool.get("type") == TOOL_TYPE


def code_interpreter_tool(tools: Iterable[Any]) -> Mapping[str, Any] | None:
    """Return the code interpreter among tools, or None."""
    return next((tool for tool in tools if is_code_interpreter(tool)), None)


def flat_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool as this API takes it: a nested function is made flat, all else is copied."""
    function = tool.get("function")
    if tool.get("type") == "function" and isinstance(function, Mapping):
        return {"type": "function", **function}
    return dict(tool)


def flat_tool_choice(choice: object, tools: Sequence[Mapping[str, Any]]) -> Any:
    """Return the API's `tool_choice`, or None to leave it to the model.

    Args:
        choice: `"auto"`, `"none"`, `"required"`, or `"any"` or True, which mean the same as the
            last; the name of a function; the type of a hosted tool; or a choice as either API has
            it. None, False and "" leave it to the model.
        tools: The tools, as this API takes them.

    Raises:
        InvalidInputError: If it names a tool that there is not.

    Example:
        ```python
        flat_tool_choice("add", [{"type": "function", "name": "add"}])
        # {"type": "function", "name": "add"}
        ```
    """
    if choice is True or choice == "any":
        return "required"
    if not choice:
        return None
    if isinstance(choice, Mapping):
        return flat_tool(choice)
    if choice in _MODES:
        return choice
    named = {str(tool.get("name")): tool.get("type") for tool in tools if tool.get("name")}
    if choice in named:
        return {"type": named[str(choice)], "name": choice}
    if choice in _HOSTED or choice in {tool.get("type") for tool in tools}:
        return {"type": choice}
    known = ", ".join(sorted(named)) or "none"
    msg = f"tool_choice={choice!r} names no tool: the functions are {known}; see also 'any', 'auto'"
    raise InvalidInputError(msg)
