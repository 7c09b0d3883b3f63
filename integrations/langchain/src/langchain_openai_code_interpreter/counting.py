"""How many tokens messages have: the API counts them; where it cannot, LangChain estimates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import openai
from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import count_tokens_approximately

from langchain_openai_code_interpreter.messages import to_input_items
from langchain_openai_code_interpreter.tools import bound_tools
from openai_code_interpreter import InvalidInputError

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["count_tokens"]

_PATIENCE: Final = 10.0
"""Seconds. An estimate that is there beats a count that is not."""


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
        asked["input"] = to_input_items(messages)
        api = client().with_options(max_retries=0, timeout=_PATIENCE)
        return api.responses.input_tokens.count(**asked).input_tokens
    except (openai.OpenAIError, InvalidInputError, AttributeError, TypeError):
        return count_tokens_approximately(messages, tools=[*formatted] or None)
