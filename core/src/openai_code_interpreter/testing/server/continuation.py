"""The container that a request goes on in: named, inherited, or none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_code_interpreter.testing.server.errors import expected_container

if TYPE_CHECKING:
    from openai_code_interpreter.testing.server.containers import Container
    from openai_code_interpreter.testing.server.requests import ResponsesRequest
    from openai_code_interpreter.testing.server.state import State

__all__ = ["existing_container"]


def existing_container(state: State, asked: ResponsesRequest) -> Container | None:
    """Return the container that a request goes on in; `None` for a new one, or for none at all.

    An `auto` container is that of the response before, else that of the calls which the input
    repeats, while it lives. A request that breaks a rule of containers is refused here, before a
    turn is spent on it.
    """
    previous = state.responses.before(asked)
    if asked.container is None:
        return None
    for file_id in asked.file_ids:
        state.uploads.get(file_id)
    if isinstance(asked.container, str):
        container = state.containers.live(asked.container, status=400)
    elif previous is not None and previous.container_id is not None:
        container = state.containers.live(previous.container_id, status=400)
    else:
        replayed = _replayed_container(state, asked)
        if replayed is None:
            return None
        container = replayed
    _check_replay(asked, expected=container.id)
    return container


def _replayed_container(state: State, asked: ResponsesRequest) -> Container | None:
    if not asked.replayed_containers:
        return None
    newest = asked.replayed_containers[-1]
    for container in state.containers.all():
        if container.id == newest and not container.expired:
            container.touch()
            return container
    # The new container's id, which the calls do not have. It is not made.
    raise expected_container(newest, expected=state.identifiers.new("cntr"))


def _check_replay(asked: ResponsesRequest, *, expected: str) -> None:
    for container_id in asked.replayed_containers:
        if container_id != expected:
            raise expected_container(container_id, expected=expected)
