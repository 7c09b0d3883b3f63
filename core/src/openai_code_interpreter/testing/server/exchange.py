"""Reading request bodies and writing answers, shared by the routes."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from openai_code_interpreter.testing.server.delivery import encode_json
from openai_code_interpreter.testing.server.errors import ApiError
from openai_code_interpreter.testing.server.multipart import Part, parse_form
from openai_code_interpreter.testing.server.state import State

__all__ = ["STATE", "form", "json_object", "json_response", "text_field"]

STATE = web.AppKey("STATE", State)


async def json_object(request: web.Request) -> dict[str, Any]:
    """Return the request's JSON object, or raise the API's 400."""
    try:
        value = json.loads(await request.read())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ApiError(
            400,
            message=(
                "We could not parse the JSON body of your request. The API expects a JSON payload."
            ),
        )
    return value


async def form(request: web.Request) -> dict[str, Part]:
    """Return the fields of a multipart body; empty if the body is none."""
    return parse_form(request.headers.get("Content-Type", ""), await request.read())


def text_field(fields: dict[str, Part], name: str) -> str | None:
    """Return a form field's text."""
    part = fields.get(name)
    return None if part is None else part.content.decode("utf-8", "replace")


def json_response(value: object, *, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(
        body=encode_json(value), status=status, headers={"Content-Type": "application/json"}
    )
