"""The response object around the output items."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from openai_code_interpreter.testing.server._faults import FailResponse, Fault, IncompleteResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from openai_code_interpreter.testing.server._items import Item
    from openai_code_interpreter.testing.server._requests import ResponsesRequest

__all__ = [
    "Response",
    "cancelled",
    "completed_response",
    "failed",
    "in_progress",
    "input_tokens_of",
    "queued",
    "with_endings",
]

Response: TypeAlias = dict[str, Any]

# What the API echoes from the request, and what it says where the request says nothing. The
# 2025 recordings lack frequency_penalty, moderation, presence_penalty and (the earlier ones)
# prompt_cache_retention; current responses have them.
_ECHOED: dict[str, Any] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "moderation": None,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}

# Echoed objects in which single keys have defaults.
_ECHOED_OBJECTS: dict[str, dict[str, Any]] = {
    "reasoning": {"effort": None, "summary": None},
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
}


def completed_response(
    request: ResponsesRequest,
    *,
    response_id: str,
    created_at: int,
    completed_at: int,
    model: str,
    output: Sequence[Item],
) -> Response:
    """Return the object of a completed response, with all the keys that a current one has."""
    body = request.body
    echoed = {
        name: default if body.get(name) is None else body[name] for name, default in _ECHOED.items()
    }
    objects = {
        name: {**default, **(body.get(name) or {})} for name, default in _ECHOED_OBJECTS.items()
    }
    response: Response = {
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "status": "completed",
        "completed_at": completed_at,
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [*output],
        "service_tier": "default",
        "tools": [_echoed_tool(tool) for tool in request.tools],
        "usage": _usage(request, output),
        **echoed,
        **objects,
    }
    # Only bodies without a stream were recorded with it.
    return response if request.stream else {**response, "billing": {"payer": "developer"}}


def in_progress(response: Response) -> Response:
    """Return what the opening events show of a response."""
    return {
        **response,
        "status": "in_progress",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "service_tier": "auto",
        "usage": None,
    }


def queued(response: Response) -> Response:
    """Return what is shown of a response in the background before it begins."""
    return {**in_progress(response), "status": "queued"}


def cancelled(response: Response) -> Response:
    """Return a response that was called off before it had an output."""
    return {**in_progress(response), "status": "cancelled"}


def failed(response: Response, *, code: str, message: str) -> Response:
    """Return the response with this error instead of an end."""
    error = {"code": code, "message": message}
    return {**response, "status": "failed", "completed_at": None, "error": error, "usage": None}


def with_endings(response: Response, faults: Iterable[Fault]) -> Response:
    """Return the response as `FailResponse` and `IncompleteResponse` leave it."""
    for fault in faults:
        if ending := _ENDINGS.get(type(fault)):
            response = ending(response, fault)
    return response


def _failed(response: Response, fault: FailResponse) -> Response:
    return failed(response, code=fault.code, message=fault.message)


def _incomplete(response: Response, fault: IncompleteResponse) -> Response:
    output = list(response["output"])
    if output and output[-1]["type"] == "message":
        output[-1] = {**output[-1], "status": "incomplete"}
    return {
        **response,
        "status": "incomplete",
        "completed_at": None,
        "incomplete_details": {"reason": fault.reason},
        "output": output,
    }


_ENDINGS: dict[type, Callable[[Response, Any], Response]] = {
    FailResponse: _failed,
    IncompleteResponse: _incomplete,
}


def _echoed_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool as the API repeats it: an `auto` container without its settings, and without id."""
    if tool.get("type") == "code_interpreter" and not isinstance(tool["container"], str):
        return {**tool, "container": {"type": "auto"}}
    return tool


def _usage(request: ResponsesRequest, output: Sequence[Item]) -> dict[str, Any]:
    """Plausible numbers, not real ones: a token for every four characters of JSON.

    Pictures count as nothing: base64 would drown the rest.
    """
    input_tokens = input_tokens_of(request.body)
    reasoning_tokens = sum(_tokens(item) for item in output if item["type"] == "reasoning")
    written = [{**item, "outputs": None} for item in output if item["type"] != "reasoning"]
    output_tokens = reasoning_tokens + sum(map(_tokens, written))
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning_tokens},
        "total_tokens": input_tokens + output_tokens,
    }


def input_tokens_of(body: Mapping[str, Any]) -> int:
    """Return a plausible number of tokens for what a request hands in."""
    return _tokens({name: body.get(name) for name in ("input", "instructions", "tools")})


def _tokens(value: object) -> int:
    return (len(json.dumps(value, ensure_ascii=False)) + 3) // 4
