"""Which container a request uses, and which calls of its history it can take along. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from openai_code_interpreter.config import AUTO, ContainerConfig, OwnContainer
from openai_code_interpreter.containers.background import containers_of, id_of
from openai_code_interpreter.containers.options import ContainerOptions
from openai_code_interpreter.request import named_container
from openai_code_interpreter.results import CodeInterpreterResult

__all__ = ["Choice", "choose"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided.

    Attributes:
        container: The container to use.
        stale: The containers whose calls cannot be sent: the API takes only those of the request's
            own container, and the application may refuse others.
        refused: Those among them that the application refused. What is remembered of them is not
            for this conversation.
    """

    container: str | ContainerConfig | OwnContainer
    stale: Sequence[str]
    refused: Sequence[str]


def choose(
    items: Sequence[Any],
    results: Sequence[CodeInterpreterResult],
    *,
    call: object,
    options: Mapping[str, Any] | None,
    default: str | ContainerConfig | OwnContainer,
    containers: ContainerOptions,
) -> Choice:
    """Choose the container of a request.

    It is the call's own, else that of a code-interpreter tool among its `tools`, else that of the
    newest result in the input, else the constructor's. `accept_container` is asked of containers
    that only the history names, once each.

    With `"auto"` the API goes on in the container of the calls that are sent along: those of the
    newest one. So none is sent where the call itself asks for a container of another kind, or
    `reuse_last_container` is off.

    Args:
        items: The input items.
        results: The results of earlier turns among the input, oldest first.
        call: The call's own container, or None.
        options: The options of `responses.create`.
        default: The constructor's container.
        containers: How containers are reused.

    Raises:
        ValueError: If the one that is chosen is not valid.
    """
    named = named_container(call, options)
    own = {id_of(default), id_of(named)}
    accepts = cache(lambda one: one in own or containers.accepts(one))
    reuses = containers.reuse_last_container
    chosen = default if named is None else named
    if named is None and reuses:
        last = _newest([one.container_id or "" for one in results], accepts)
        if last is not None and last != id_of(default):  # which knows how it is made anew
            chosen = last
    used = containers_of(items)
    newest = _newest([one for item in items for one in containers_of([item])], accepts)
    refused = [one for one in used if not accepts(one)]
    is_new = call is not None and chosen not in (AUTO, ContainerConfig())
    kept = id_of(chosen)
    if kept is None and reuses and not is_new and not isinstance(chosen, OwnContainer):
        kept = newest
    return Choice(chosen, [one for one in used if one != kept], refused)


def _newest(named: Sequence[str], accepts: Callable[[str], bool]) -> str | None:
    return next((one for one in reversed(named) if one and accepts(one)), None)
