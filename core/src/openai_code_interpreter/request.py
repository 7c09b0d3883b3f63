"""From a caller's options to the arguments of `responses.create`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from openai_code_interpreter.config import (
    AUTO,
    ContainerConfig,
    OwnContainer,
    container_argument,
    parse_container,
)
from openai_code_interpreter.errors import InvalidInputError
from openai_code_interpreter.wire import INCLUDE_OUTPUTS, INCLUDE_REASONING, TOOL_TYPE

__all__ = ["chosen_container", "named_container", "response_arguments"]


def chosen_container(
    call: object, options: Mapping[str, Any] | None, default: str | ContainerConfig | OwnContainer
) -> str | ContainerConfig | OwnContainer:
    """Return the container that a request is to use.

    It is the call's own, else that of a code-interpreter tool among its `tools`, else the default.

    Args:
        call: The call's own container, or None.
        options: The options of `responses.create`.
        default: The container when nothing else names one.

    Raises:
        ValueError: If the one that is chosen is not valid.
    """
    named = named_container(call, options)
    return parse_container(default) if named is None else named


def named_container(
    call: object, options: Mapping[str, Any] | None
) -> str | ContainerConfig | OwnContainer | None:
    """Return the container that a call names itself or in a tool; None if it leaves it open.

    Raises:
        ValueError: If it is not valid.
    """
    if call is None:
        tools = (options or {}).get("tools") or ()
        own: Mapping[str, Any] = next((tool for tool in tools if _is_code_interpreter(tool)), {})
        call = own.get("container")
    return None if call is None else parse_container(call)


def response_arguments(
    *,
    model: str | None,
    input: str | Sequence[Any],  # noqa: A002 - the API's own name
    container: str | ContainerConfig | None = AUTO,
    include_outputs: bool = True,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the keyword arguments of `responses.create` for one run.

    A code-interpreter tool among `options["tools"]` is merged with ours instead of being sent
    twice: it keeps its place and its other keys. With `store=False`, a model that reasons is asked
    for its reasoning in encrypted form: the next turn is not accepted without.

    Args:
        model: The model's name; `options["model"]` wins. None leaves it to `options`.
        input: A string, or a list of Responses input items.
        container: The container; None leaves the tool out.
        include_outputs: Ask for logs and images. A call switches them off alone with
            `include=[]`.
        options: Any other options of `responses.create`.

    Returns:
        A new dict; nothing given is changed.

    Raises:
        InvalidInputError: If the input is empty.
    """
    if isinstance(input, str) and not input.strip():
        msg = "the prompt is empty: pass a text, or a list of input items"
        raise InvalidInputError(msg)
    if not isinstance(input, str) and not input:
        msg = "the input has no items: pass a text, or a list with at least one input item"
        raise InvalidInputError(msg)
    named = {} if model is None else {"model": model}
    arguments = {**named, **(options or {}), "input": input}
    tools = _tools(arguments.pop("tools", None), container)
    if tools:
        arguments["tools"] = tools
    wanted = [INCLUDE_OUTPUTS] if include_outputs and container is not None else []
    include = _include(arguments.pop("include", None), wanted, encrypted=_is_stateless(arguments))
    if include:
        arguments["include"] = include
    return arguments


_REASONS: Final = re.compile(r"(?:.*/)?(?:ft:)?(?:o\d|gpt-(?:[5-9]|\d{2})(?!\S*chat)|codex)")
"""Names of models that reason. Others refuse to be asked for encrypted reasoning."""


def _is_stateless(arguments: Mapping[str, Any]) -> bool:
    """Whether the API will remember no reasoning of a model that reasons."""
    model = str(arguments.get("model") or "")
    reasons = bool(arguments.get("reasoning")) or _REASONS.match(model) is not None
    return arguments.get("store") is False and reasons


def _include(asked: Any, wanted: Sequence[str], *, encrypted: bool) -> list[str]:
    if asked is None:
        return [*wanted, *([INCLUDE_REASONING] if encrypted else [])]
    values = list(asked)
    return [*values, *(one for one in wanted if values and one not in values)]


def _tools(asked: Sequence[Any] | None, container: str | ContainerConfig | None) -> list[Any]:
    tools = list(asked or ())
    own = next((i for i, tool in enumerate(tools) if _is_code_interpreter(tool)), None)
    others = [tool for tool in tools if not _is_code_interpreter(tool)]
    if container is None:
        return others
    extra: dict[str, Any] = dict(tools[own]) if own is not None else {}
    ours = {**extra, "type": TOOL_TYPE, "container": container_argument(container)}
    place = own or 0  # no other of its kind stands before the first
    return [*others[:place], ours, *others[place:]]


def _is_code_interpreter(tool: Any) -> bool:
    return isinstance(tool, Mapping) and tool.get("type") == TOOL_TYPE
