"""From a call of the chat model to the core's `Call`, and to what its messages weigh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import openai
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.runnables import ensure_config

from langchain_openai_code_interpreter._history import earlier_turns
from langchain_openai_code_interpreter._messages import to_input_items
from langchain_openai_code_interpreter._options import ChatOptions, api_options, call_options
from langchain_openai_code_interpreter._tools import bound_tools
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.adapters import AUTO, Call, EarlierTurns, detach, text

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["call_of", "count_tokens"]

_PATIENCE: Final = 10.0
"""Seconds. An estimate that is there beats a count that is not."""


def call_of(
    messages: Sequence[BaseMessage],
    given: Mapping[str, Any],
    *,
    options: ChatOptions,
    state: str | None,
    in_one_piece: bool,
) -> Call:
    """Return a call as the engine takes it; which container it uses, the engine decides.

    Args:
        messages: The conversation.
        given: The options of the call; they win over the model's.
        options: The model's own.
        state: The container in which an agent's state says that the thread goes on, or `"auto"`
            for a new one.
        in_one_piece: Whether the finished response is asked for, instead of a stream.

    Raises:
        ValueError: If the messages or an option cannot be sent.
    """
    ours, others = Call.split(given)
    sent = call_options(api_options(options), options.model_kwargs, others)
    said, previous = _since_the_last_answer(messages, sent, options)
    if previous is not None:
        sent["previous_response_id"] = previous
    items = to_input_items(
        said,
        stored=sent.get("store") is not False,
        continues=bool(sent.get("previous_response_id") or sent.get("conversation")),
    )
    configured = ensure_config().get("configurable", {}).get("container_id")
    if configured is None and state == AUTO:
        configured = AUTO
    # Messages may have been summarised since, so what the state names is the newest that is known.
    newest = EarlierTurns(containers=[state] if state and state != AUTO else [])
    return Call(
        **ours,
        input=items,
        container_around=configured,
        earlier=earlier_turns(messages) | newest,
        options=sent,
        in_one_piece=in_one_piece,
    )


def _since_the_last_answer(
    messages: Sequence[BaseMessage], sent: Mapping[str, Any], options: ChatOptions
) -> tuple[Sequence[BaseMessage], str | None]:
    """Return what is to be sent, and the id of the stored response that stands for the rest."""
    if not options.use_previous_response_id or sent.get("previous_response_id"):
        return messages, None
    for position in range(len(messages) - 1, -1, -1):
        message = messages[position]
        response_id = text(message.response_metadata, "id")
        if isinstance(message, AIMessage) and response_id.startswith("resp_"):
            return messages[position + 1 :], response_id
    return messages, None


def count_tokens(
    messages: Sequence[BaseMessage],
    tools: Sequence[Any] | None,
    *,
    model: str,
    client: Callable[[], OpenAI],
) -> int:
    """Return how many tokens messages and tools have as the input of a response.

    The API's own count is asked for (`POST /responses/input_tokens`, free of charge). Where it is
    not to be had, such as on Azure, on a proxy, or without a network, and for messages that are no
    whole conversation, it is `count_tokens_approximately`. Nothing is ever downloaded.

    Args:
        messages: The messages.
        tools: Functions, and tools as the API has them.
        model: The model's name.
        client: Returns the client to ask.
    """
    if not messages and not tools:
        return 0
    formatted = bound_tools(tools or ())
    asked: dict[str, Any] = {"model": model, **({"tools": formatted} if formatted else {})}
    try:
        # A count names no container: calls of one are told as the text that they would become.
        asked["input"] = detach(to_input_items(messages))
        api = client().with_options(max_retries=0, timeout=_PATIENCE)
        return api.responses.input_tokens.count(**asked).input_tokens
    except (openai.OpenAIError, InvalidInputError, AttributeError, TypeError):
        return count_tokens_approximately(messages, tools=[*formatted] or None)
