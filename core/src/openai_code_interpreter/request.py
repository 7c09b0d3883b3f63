"""From a caller's options to the arguments of `responses.create`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openai_code_interpreter.config import (
    AUTO,
    ContainerConfig,
    container_argument,
    parse_container,
)
from openai_code_interpreter.errors import InvalidInputError
from openai_code_interpreter.wire import INCLUDE_OUTPUTS, TOOL_TYPE

__all__ = ["response_arguments"]


def response_arguments(
    *,
    model: str | None,
    input: str | Sequence[Any],  # noqa: A002 - the API's own name
    container: object = None,
    default_container: str | ContainerConfig = AUTO,
    include_outputs: bool = True,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the keyword arguments of `responses.create` for one run.

    A code-interpreter tool among `options["tools"]` is merged with ours instead of being sent
    twice: it keeps its place and its other keys. The container is the call's own `container`,
    else that tool's, else `default_container`.

    Args:
        model: The model's name; `options["model"]` wins. None leaves it to `options`.
        input: A string, or a list of Responses input items.
        container: The call's own container, or None.
        default_container: The container when nothing else names one.
        include_outputs: Ask for logs and images. A call switches them off alone with
            `include=[]`.
        options: Any other options of `responses.create`.

    Returns:
        A new dict; nothing given is changed.

    Raises:
        InvalidInputError: If the input is empty.
        ValueError: If the container is not valid.
    """
    if isinstance(input, str) and not input.strip():
        msg = "the prompt is empty: pass a text, or a list of input items"
        raise InvalidInputError(msg)
    if not isinstance(input, str) and not input:
        msg = "the input has no items: pass a text, or a list with at least one input item"
        raise InvalidInputError(msg)
    named = {} if model is None else {"model": model}
    arguments = {**named, **(options or {}), "input": input}
    arguments["tools"] = _tools(arguments.get("tools"), container, default_container)
    include = _include(arguments.pop("include", None), include_outputs=include_outputs)
    if include:
        arguments["include"] = include
    return arguments


def _include(asked: Any, *, include_outputs: bool) -> list[str]:
    if asked is None:
        return [INCLUDE_OUTPUTS] if include_outputs else []
    values = list(asked)
    if include_outputs and values and INCLUDE_OUTPUTS not in values:
        values.append(INCLUDE_OUTPUTS)
    return values


def _tools(
    asked: Sequence[Any] | None, container: object, default_container: str | ContainerConfig
) -> list[Any]:
    tools = list(asked or ())
    own = next((i for i, tool in enumerate(tools) if _is_code_interpreter(tool)), None)
    extra: dict[str, Any] = dict(tools[own]) if own is not None else {}
    chosen = container if container is not None else extra.get("container", default_container)
    ours = {**extra, "type": TOOL_TYPE, "container": container_argument(parse_container(chosen))}
    if own is None:
        return [ours, *tools]
    others = [tool for i, tool in enumerate(tools) if i > own and not _is_code_interpreter(tool)]
    return [*tools[:own], ours, *others]


def _is_code_interpreter(tool: Any) -> bool:
    return isinstance(tool, Mapping) and tool.get("type") == TOOL_TYPE
