"""`POST /v1/responses`: from a request and its turn to a body or a stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from openai_code_interpreter.testing.server.delivery import Cut, Delivery, Pause, Send, delivery
from openai_code_interpreter.testing.server.errors import ApiError
from openai_code_interpreter.testing.server.exchange import STATE, json_object, json_response
from openai_code_interpreter.testing.server.faults import AnswerInstead
from openai_code_interpreter.testing.server.player import Player
from openai_code_interpreter.testing.server.requests import ResponsesRequest
from openai_code_interpreter.testing.server.response_object import (
    Response,
    completed_response,
    with_endings,
)
from openai_code_interpreter.testing.server.stream import response_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openai_code_interpreter.testing.server.containers import Container
    from openai_code_interpreter.testing.server.scenario import Turn
    from openai_code_interpreter.testing.server.state import State

__all__ = ["create_response"]


async def create_response(request: web.Request) -> web.StreamResponse:
    """Answer with the scenario's next turn for this request."""
    state = request.app[STATE]
    asked = ResponsesRequest(await json_object(request))
    _check_container(state, asked)
    slot = state.playbook.slot_for(asked)
    slot.check()
    if slot.turn.runs_code and asked.container is None:
        raise ApiError(
            400,
            message="The scenario runs code, but the request offers no code_interpreter tool.",
            param="tools",
        )
    turn = slot.use()
    for fault in turn.faults:
        if isinstance(fault, AnswerInstead):
            return web.Response(body=fault.body, headers={"Content-Type": fault.content_type})
    response = await _respond(state, asked, turn)
    if not asked.stream:
        return json_response(response)
    events = response_events(response, obfuscated=asked.obfuscated)
    with state.sending_stream():
        return await _send(request, delivery(events, turn.faults))


async def _respond(state: State, asked: ResponsesRequest, turn: Turn) -> Response:
    response_id = state.identifiers.new("resp")
    created_at = int(state.clock())
    container = _container(state, asked)
    if container is not None:
        state.download_faults.expect(container.id, turn.faults)
    player = Player(asked, identifiers=state.identifiers, container=container)
    output = await player.play(turn)
    response = completed_response(
        asked,
        response_id=response_id,
        created_at=created_at,
        completed_at=int(state.clock()),
        model=turn.model or asked.body["model"],
        output=output,
    )
    state.playbook.remember(asked, response_id=response_id)
    return with_endings(response, turn.faults)


def _check_container(state: State, asked: ResponsesRequest) -> None:
    """Raise a 404 for an unknown container or file, before a turn is spent on the request."""
    if isinstance(asked.container, str):
        state.containers.get(asked.container)
    elif asked.container is not None:
        for file_id in asked.container.get("file_ids") or []:
            state.uploads.get(file_id)


def _container(state: State, asked: ResponsesRequest) -> Container | None:
    """The container of the request's tool; like the API's, an `auto` one is made even if unused."""
    if asked.container is None:
        return None
    if isinstance(asked.container, str):
        return state.containers.get(asked.container)
    container = state.containers.create("auto")
    for file_id in asked.container.get("file_ids") or []:
        upload = state.uploads.get(file_id)
        container.put(upload.filename, upload.content, number=upload.id)
    return container


async def _send(request: web.Request, deliveries: Iterable[Delivery]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    for step in deliveries:
        match step:
            case Send(data):
                await response.write(data)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Cut():
                # Not abort(): that would throw away what the client has not read yet, and the
                # number of events before the cut would be left to chance.
                if request.transport is not None:
                    request.transport.close()
    return response
