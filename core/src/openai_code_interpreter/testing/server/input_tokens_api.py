"""`POST /v1/responses/input_tokens`: how many tokens an input has."""

from __future__ import annotations

from aiohttp import web

from openai_code_interpreter.testing.server.exchange import json_object, json_response
from openai_code_interpreter.testing.server.response_object import input_tokens_of

__all__ = ["count_input_tokens"]


async def count_input_tokens(request: web.Request) -> web.StreamResponse:
    """Count the tokens of an input, as a response's usage counts them; no turn is played."""
    counted = input_tokens_of(await json_object(request))
    return json_response({"object": "response.input_tokens", "input_tokens": counted})
