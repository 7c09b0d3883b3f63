"""Stored responses: retrieve, stream again from where one was, cancel, delete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openai_code_interpreter.testing.server.errors import (
    ApiError,
    not_created_with,
    too_old_to_stream,
)
from openai_code_interpreter.testing.server.exchange import STATE, json_response
from openai_code_interpreter.testing.server.paging import page
from openai_code_interpreter.testing.server.responses_api import send_events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from openai_code_interpreter.testing.server.stored_responses import StoredResponse

__all__ = ["cancel_response", "delete_response", "list_input_items", "retrieve_response"]

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
