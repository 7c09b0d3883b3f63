"""Tools and tool choice in the shape that the Responses API takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from openai_code_interpreter import InvalidInputError
from openai_code_interpreter._sansio.wire import TOOL_TYPE

__all__ = ["bound_container", "bound_tool_choice", "bound_tools"]

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
"""Hosted tools that a choice may name; the API says if one is not bound."""

_WORDS: Final = ("auto", "none", "required")


def bound_tools(
    tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
    *,
    strict: bool | None = None,
) -> list[dict[str, Any]]:
    """Return function tools in the flat shape of the Responses API; hosted tools pass through."""
    return [_tool(tool, strict=strict) for tool in tools]


def _tool(tool: Any, *, strict: bool | None) -> dict[str, Any]:
    if isinstance(tool, Mapping) and tool.get("type") not in (None, "function", "object"):
        return dict(tool)
    if isinstance(tool, Mapping) and tool.get("type") == "function" and "name" in tool:
        return dict(tool)
    converted = convert_to_openai_tool(tool, strict=strict)
    function = converted.get("function")
    return {"type": "function", **function} if isinstance(function, dict) else converted


def bound_container(tools: Iterable[Any] | None) -> Any:
    """Return what a bound code-interpreter tool says of its container, or None."""
    hosted = (tool for tool in tools or () if isinstance(tool, Mapping))
    return next((tool.get("container") for tool in hosted if tool.get("type") == TOOL_TYPE), None)


def bound_tool_choice(
    choice: str | bool | Mapping[str, Any] | None, tools: Sequence[Mapping[str, Any]]
) -> Any:
    """Return the API's `tool_choice` for LangChain's, or None to leave it to the model.

    Raises:
        InvalidInputError: If it names a tool that there is not.
    """
    if choice is True or choice == "any":
        return "required"
    if not choice:
        return None
    if isinstance(choice, Mapping):
        function = choice.get("function")
        return {"type": "function", **function} if isinstance(function, dict) else dict(choice)
    if choice in _WORDS:
        return choice
    named = {str(tool.get("name")): tool.get("type") for tool in tools if tool.get("name")}
    if choice in named:
        return {"type": named[choice], "name": choice}
    if choice in _HOSTED or choice in {tool.get("type") for tool in tools}:
        return {"type": choice}
    known = ", ".join(sorted(named)) or "none"
    msg = f"tool_choice={choice!r} names no tool: the functions are {known}; see also 'any', 'auto'"
    raise InvalidInputError(msg)
