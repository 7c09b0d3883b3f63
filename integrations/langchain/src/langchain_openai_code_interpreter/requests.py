"""From a call of the chat model to what the engine needs of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import ensure_config

from langchain_openai_code_interpreter.compat import call_options
from langchain_openai_code_interpreter.messages import to_input_items
from langchain_openai_code_interpreter.options import ChatOptions
from langchain_openai_code_interpreter.recall import (
    background_of,
    container_of_history,
    files_of_history,
)
from langchain_openai_code_interpreter.tools import bound_container
from openai_code_interpreter._sansio.earlier_turns import id_of
from openai_code_interpreter._sansio.config import AUTO, ContainerConfig, OwnContainer, parse_container
from openai_code_interpreter._sansio.wire import text

__all__ = ["engine_call"]

_OURS: Final = ("files", "code_interpreter", "cleanup")
"""Options of a call that are ours and not the API's."""


def engine_call(
    messages: Sequence[BaseMessage], given: Mapping[str, Any], *, settings: ChatOptions
) -> dict[str, Any]:
    """Return the arguments of `Engine.stream`; every choice between sources is made here.

    Args:
        messages: The conversation.
        given: The options of the call; they win over the model's.
        settings: The model's own.

    Raises:
        ValueError: If the messages or an option cannot be sent, or the container is not valid.
    """
    call = dict(given)
    ours: dict[str, Any] = {key: call.pop(key) for key in _OURS if key in call}
    container = call.pop("container", None)
    options = call_options(settings.api_options(), settings.model_kwargs, call)
    chosen = _container(messages, container, options.get("tools"), settings)
    said, previous = _since_the_last_answer(messages, options, settings)
    if previous is not None:
        options["previous_response_id"] = previous
    background = background_of(messages)
    return {
        **ours,
        "input": to_input_items(
            said,
            container=chosen,
            logs=background.logs,
            stored=options.get("store") is not False,
            continues=bool(options.get("previous_response_id") or options.get("conversation")),
        ),
        "container": chosen,
        "known_files": files_of_history(messages),
        "background": background,
        "options": options,
    }


def _since_the_last_answer(
    messages: Sequence[BaseMessage], options: Mapping[str, Any], settings: ChatOptions
) -> tuple[Sequence[BaseMessage], str | None]:
    """Return what is to be sent, and the id of the stored response that stands for the rest."""
    if not settings.use_previous_response_id or options.get("previous_response_id"):
        return messages, None
    for position in range(len(messages) - 1, -1, -1):
        message = messages[position]
        response_id = text(message.response_metadata, "id")
        if isinstance(message, AIMessage) and response_id.startswith("resp_"):
            return messages[position + 1 :], response_id
    return messages, None


def _container(
    messages: Sequence[BaseMessage], given: object, tools: Any, settings: ChatOptions
) -> str | ContainerConfig | OwnContainer:
    """Return the container of one call: the first that is named, else how to make a new one."""
    bound = bound_container(tools)
    named = bound if isinstance(bound, str) and bound != AUTO else None
    configured = ensure_config().get("configurable", {}).get("container_id")
    last: object = None
    if settings.reuse_last_container:
        last = container_of_history(messages, settings.accepts)
    if last is not None and last == id_of(settings.container):
        last = settings.container  # which knows how it is made anew
    found = (one for one in (given, named, configured, last, bound) if one is not None)
    return parse_container(next(found, settings.container))
