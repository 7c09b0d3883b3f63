"""The routes below `/v1/responses`: create, retrieve or stream again, cancel, delete, count."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from openai_code_interpreter.testing.server._delivery import Cut, Delivery, Pause, Send, delivery
from openai_code_interpreter.testing.server._errors import (
    ApiError,
    container_not_found,
    not_created_with,
    too_old_to_stream,
)
from openai_code_interpreter.testing.server._exchange import STATE, json_object, json_response, page
from openai_code_interpreter.testing.server._faults import (
    AnswerInstead,
    ExpireMidStream,
    Fault,
    StreamError,
    StreamFault,
)
from openai_code_interpreter.testing.server._requests import ResponsesRequest
from openai_code_interpreter.testing.server._response_object import (
    completed_response,
    failed,
    in_progress,
    input_tokens_of,
    queued,
    with_endings,
)
from openai_code_interpreter.testing.server._state import StoredResponse
from openai_code_interpreter.testing.server._stream import opening_events, response_events
from openai_code_interpreter.testing.server._turns import Player, existing_container

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiohttp import web

    from openai_code_interpreter.testing.server._containers import Container
    from openai_code_interpreter.testing.server._scenario import Turn
    from openai_code_interpreter.testing.server._state import State, StoredResponse

__all__ = [
    "cancel_response",
    "count_input_tokens",
    "create_response",
    "delete_response",
    "list_input_items",
    "retrieve_response",
]

logger = logging.getLogger(__name__)


async def create_response(request: web.Request) -> web.StreamResponse:
    """Answer with the scenario's next turn for this request."""
    state = request.app[STATE]
    asked = ResponsesRequest(await json_object(request))
    existing = existing_container(state, asked)
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
    making = _Making(state, asked, turn, existing)
    if asked.background:
        making.start()
    else:
        await making.finish()
    state.responses.keep(making.stored)
    if not asked.stream:
        return json_response(making.stored.response)
    return await send_events(request, making.stored, faults=making.stream_faults())


class _Making:
    """A response in the making."""

    def __init__(
        self, state: State, asked: ResponsesRequest, turn: Turn, existing: Container | None
    ) -> None:
        """Give the response its id, time and container."""
        self._state = state
        self._turn = turn
        self._model = turn.model or asked.body["model"]
        response_id = state.identifiers.new("resp")
        self._created_at = int(state.clock())
        self._container = _container(state, asked, existing)
        if self._container is not None:
            state.download_faults.expect(self._container.id, turn.faults)
        nothing_yet = completed_response(
            asked,
            response_id=response_id,
            created_at=self._created_at,
            completed_at=self._created_at,
            model=self._model,
            output=[],
        )
        container_id = None if self._container is None else self._container.id
        self.stored = StoredResponse(asked, queued(nothing_yet), container_id)

    def start(self) -> None:
        """Begin to make the response, and do not wait for it."""
        self.stored.job = asyncio.create_task(self._finish_or_fail())

    async def finish(self) -> None:
        """Make the response."""
        asked, response_id = self.stored.request, self.stored.response["id"]
        player = Player(asked, identifiers=self._state.identifiers, container=self._container)
        output = await player.play(self._turn)
        response = completed_response(
            asked,
            response_id=response_id,
            created_at=self._created_at,
            completed_at=int(self._state.clock()),
            model=self._model,
            output=output,
        )
        self._state.playbook.remember(asked, response_id=response_id)
        self.stored.response = with_endings(response, self._turn.faults)

    def stream_faults(self) -> list[Fault]:
        """Return the turn's faults of the stream, and let the container expire if one says so."""
        faults = self._turn.faults
        return [self._told(fault) for fault in faults if isinstance(fault, StreamFault)]

    async def _finish_or_fail(self) -> None:
        self.stored.response = in_progress(self.stored.response)
        try:
            await self.finish()
        except Exception as error:
            logger.exception("the stand-in server failed in the background")
            message = f"The stand-in server failed: {error!r}"
            self.stored.response = failed(
                self.stored.response, code="server_error", message=message
            )

    def _told(self, fault: Fault) -> Fault:
        if not isinstance(fault, ExpireMidStream) or self._container is None:
            return fault
        self._container.expire()
        return StreamError(
            after_events=fault.after_events,
            code=None,
            message=str(container_not_found(self._container.id)),
            type="invalid_request_error",
            shape=fault.shape,
        )


def _container(
    state: State, asked: ResponsesRequest, existing: Container | None
) -> Container | None:
    """The container of the request's tool; like the API's, an `auto` one is made even if unused."""
    if asked.container is None:
        return None
    container = existing or state.containers.create("auto")
    mounted = [file.name for file in container.files]
    for upload in map(state.uploads.get, asked.file_ids):
        if not any(name.startswith(f"{upload.id}-") for name in mounted):
            container.put(upload.filename, upload.content, number=upload.id)
    return container


async def send_events(
    request: web.Request,
    stored: StoredResponse,
    *,
    faults: Sequence[Fault] = (),
    after: int = -1,
) -> web.StreamResponse:
    """Send a response's events as they come.

    Args:
        request: Who asks for them.
        stored: The response.
        faults: What goes wrong on the way.
        after: The sequence number after which to begin.
    """
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    obfuscated = stored.request.obfuscated
    with request.app[STATE].sending_stream():
        await answer.prepare(request)
        # Faults count events from the first, so they need all of them.
        if stored.job is not None and not faults:
            opening = opening_events(stored.response)
            await _send(request, answer, delivery(opening[after + 1 :]))
            after = max(after, len(opening) - 1)
        await stored.wait()
        events = response_events(stored.response, obfuscated=obfuscated)[after + 1 :]
        await _send(request, answer, delivery(events, faults))
    return answer


async def _send(
    request: web.Request, response: web.StreamResponse, deliveries: Iterable[Delivery]
) -> None:
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


_STREAMABLE_SECONDS = 300


async def retrieve_response(request: web.Request) -> web.StreamResponse:
    """`GET /v1/responses/{response_id}`; with `stream=true`, its events after `starting_after`."""
    stored = _stored(request)
    if request.query.get("stream") != "true":
        return json_response(stored.response)
    now = request.app[STATE].watch()
    if not (stored.request.background and stored.request.stream):
        raise not_created_with("stream" if stored.request.background else "background")
    if now - stored.response["created_at"] > _STREAMABLE_SECONDS:
        raise too_old_to_stream()
    return await send_events(request, stored, after=_starting_after(request))


async def list_input_items(request: web.Request) -> web.StreamResponse:
    """`GET /v1/responses/{response_id}/input_items`: what that request put in, not those before."""
    stored = _stored(request)
    given = stored.request.body.get("input")
    items = given if isinstance(given, list) else [{"role": "user", "content": given}]
    named = [_InputItem(f"{stored.response['id']}_{n}", item) for n, item in enumerate(items)]
    return json_response(page(named, request.query))


@dataclass(frozen=True, slots=True)
class _InputItem:
    """An input item as it is listed: with an id, and with the content of a message as parts."""

    made_id: str
    item: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.item.get("id") or f"msg_{self.made_id}")

    def wire(self) -> dict[str, Any]:
        wire = {**self.item, "id": self.id}
        if "role" not in wire:
            return wire
        content = wire.get("content")
        if isinstance(content, str):
            kind = "output_text" if wire["role"] == "assistant" else "input_text"
            content = [{"type": kind, "text": content}]
        return {**wire, "type": "message", "status": "completed", "content": content}


async def cancel_response(request: web.Request) -> web.StreamResponse:
    """`POST /v1/responses/{response_id}/cancel`: once it is finished, it stays as it is."""
    stored = _stored(request)
    if not stored.request.background:
        raise ApiError(400, message="Cannot cancel a synchronous response.")
    await stored.cancel()
    return json_response(stored.response)


async def delete_response(request: web.Request) -> web.StreamResponse:
    """`DELETE /v1/responses/{response_id}`."""
    response_id = request.match_info["response_id"]
    await request.app[STATE].responses.delete(response_id)
    return json_response({"id": response_id, "object": "response", "deleted": True})


def _stored(request: web.Request) -> StoredResponse:
    return request.app[STATE].responses.get(request.match_info["response_id"])


def _starting_after(request: web.Request) -> int:
    text = request.query.get("starting_after", "-1")
    try:
        return max(-1, int(text))
    except ValueError:
        message = f"Invalid 'starting_after': '{text}' is no integer."
        raise ApiError(400, message=message, param="starting_after") from None


async def count_input_tokens(request: web.Request) -> web.StreamResponse:
    """Count the tokens of an input, as a response's usage counts them; no turn is played."""
    counted = input_tokens_of(await json_object(request))
    return json_response({"object": "response.input_tokens", "input_tokens": counted})
