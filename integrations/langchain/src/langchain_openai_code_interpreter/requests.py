"""From a call of the chat model to what the engine needs of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import BaseMessage
from langchain_core.runnables import ensure_config

from langchain_openai_code_interpreter.messages import to_input_items
from langchain_openai_code_interpreter.recall import (
    background_of,
    container_of_history,
    files_of_history,
)
from langchain_openai_code_interpreter.tools import bound_container
from openai_code_interpreter.config import AUTO, ContainerConfig, OwnContainer, parse_container
from openai_code_interpreter.containers import ContainerOptions
from openai_code_interpreter.containers.background import id_of

__all__ = ["engine_call"]

_OURS: Final = ("files", "code_interpreter", "cleanup")
"""Options of a call that are ours and not the API's."""


def engine_call(
    messages: Sequence[BaseMessage],
    options: Mapping[str, Any],
    *,
    default: str | ContainerConfig | OwnContainer,
    containers: ContainerOptions,
) -> dict[str, Any]:
    """Return the arguments of `Engine.stream`; every choice between sources is made here.

    Args:
        messages: The conversation.
        options: The options of the model and of the call, the latter winning.
        default: The model's own container.
        containers: How containers are reused.

    Raises:
        ValueError: If the messages cannot be sent, or the container is not valid.
    """
    known = dict(options)
    ours: dict[str, Any] = {key: known.pop(key) for key in _OURS if key in known}
    if "max_tokens" in known:
        known["max_output_tokens"] = known.pop("max_tokens")
    container = _container(messages, known, default, containers)
    background = background_of(messages)
    return {
        **ours,
        "input": to_input_items(messages, container=container, logs=background.logs),
        "container": container,
        "known_files": files_of_history(messages),
        "background": background,
        "options": known,
    }


def _container(
    messages: Sequence[BaseMessage],
    options: dict[str, Any],
    default: str | ContainerConfig | OwnContainer,
    containers: ContainerOptions,
) -> str | ContainerConfig | OwnContainer:
    """Return the container of one call: the first that is named, else how to make a new one."""
    given = options.pop("container", None)
    bound = bound_container(options.get("tools"))
    named = bound if isinstance(bound, str) and bound != AUTO else None
    configured = ensure_config().get("configurable", {}).get("container_id")
    last: object = None
    if containers.reuse_last_container:
        last = container_of_history(messages, containers.accepts)
    if last is not None and last == id_of(default):
        last = default  # which knows how it is made anew
    found = (one for one in (given, named, configured, last, bound) if one is not None)
    return parse_container(next(found, default))
