"""Which container a request uses: what the call says, what the code around it, what the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from llama_index.llms.openai_code_interpreter.responses import STATE_KEY
from openai_code_interpreter._sansio.earlier_turns import id_of
from openai_code_interpreter._sansio.config import ContainerConfig, OwnContainer, parse_container
from openai_code_interpreter._sansio.wire import TOOL_TYPE, Wire, entries, mapping, text

__all__ = ["ASSISTANT_ROLES", "choose_container", "message_state", "use_container"]

ASSISTANT_ROLES: Final = frozenset({MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL})
"""Whose messages may say something of containers."""

_ambient: ContextVar[str | ContainerConfig | OwnContainer | None] = ContextVar(
    "container", default=None
)


@contextmanager
def use_container(container: str | ContainerConfig | None) -> Iterator[None]:
    """Use a container for every call made inside the block, those of agents and engines included.

    Neither hands a call's own `container=` to its LLM; this reaches them. It comes before the
    container that a history names, and after a call's own.

    Args:
        container: The id of a container, a `ContainerConfig`, or `"auto"` for a fresh one in each
            call, of which an agent may make several. None is as if there were no block.

    Raises:
        ValidationError: If it is not valid; pydantic's.

    Example:
        ```python
        with collect_artifacts() as found:
            await agent.run("Load the data and describe it.")
        with use_container(found.container_id):
            await agent.run("Now plot it.")
        ```
    """
    token = _ambient.set(None if container is None else parse_container(container))
    try:
        yield
    finally:
        # See collect_artifacts: a generator may be finalised in another context.
        with suppress(ValueError):
            _ambient.reset(token)


def message_state(message: ChatMessage) -> Wire:
    """Return what an assistant's message says of container, calls and artifacts; else {}."""
    return mapping(message.additional_kwargs, STATE_KEY)


def choose_container(
    options: dict[str, Any],
    history: Sequence[ChatMessage],
    *,
    default: str | ContainerConfig | OwnContainer,
    accepts: Callable[[str], bool] = lambda _: True,
) -> str | ContainerConfig | OwnContainer:
    """Return the container that a request will use.

    The call's own `container` comes first, then that of a code-interpreter tool among its
    `tools`, then that of the `use_container` around it, then the newest assistant message that
    names one, then the default.

    Args:
        options: The options of the call; `container` is taken out of them.
        history: The conversation, or nothing if it has no say.
        default: The constructor's container.
        accepts: Whether a container that a message names may be used.

    Raises:
        ValidationError: If the one that is chosen is not valid; pydantic's.
    """
    named = options.pop("container", None)
    if named is None:
        tools = entries(options, "tools")
        named = next((t.get("container") for t in tools if text(t, "type") == TOOL_TYPE), None)
    if named is None:
        named = _ambient.get()
    if named is None:
        named = next((one for one in _containers_in(history) if accepts(one)), None)
        if named == id_of(default):
            named = None  # it is the default, which knows how it is made anew
    return parse_container(default if named is None else named)


def _containers_in(history: Sequence[ChatMessage]) -> Iterator[str]:
    """The containers that assistant messages name, the newest first."""
    for message in reversed(history):
        container_id = text(message_state(message), "container_id").strip()
        if container_id and message.role in ASSISTANT_ROLES:
            yield container_id
