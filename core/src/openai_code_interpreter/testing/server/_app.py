"""The web application: routes, and what happens around every one of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from openai_code_interpreter.testing.server import (
    _containers_api,
    _files_api,
    _responses_api,
)
from openai_code_interpreter.testing.server._errors import (
    ApiError,
    invalid_url,
    missing_credentials,
)
from openai_code_interpreter.testing.server._exchange import STATE, json_response
from openai_code_interpreter.testing.server._requests import RecordedRequest

if TYPE_CHECKING:
    from openai_code_interpreter.testing.server._state import State

__all__ = ["make_app"]

logger = logging.getLogger(__name__)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LARGEST_BODY = 512 << 20  # bytes; the API's own limit for a file

_OPEN_TO_ALL = "/redirected/"  # like a signed address, which needs no key
_RESPONSE = "/v1/responses/{response_id}"
_CONTAINER = "/v1/containers/{container_id}"
_ROUTES: list[tuple[str, str, _Handler]] = [
    ("POST", "/v1/responses", _responses_api.create_response),
    ("POST", "/v1/responses/input_tokens", _responses_api.count_input_tokens),
    ("GET", _RESPONSE, _responses_api.retrieve_response),
    ("DELETE", _RESPONSE, _responses_api.delete_response),
    ("POST", f"{_RESPONSE}/cancel", _responses_api.cancel_response),
    ("GET", f"{_RESPONSE}/input_items", _responses_api.list_input_items),
    ("POST", "/v1/containers", _containers_api.create_container),
    ("GET", "/v1/containers", _containers_api.list_containers),
    ("GET", _CONTAINER, _containers_api.retrieve_container),
    ("DELETE", _CONTAINER, _containers_api.delete_container),
    ("POST", f"{_CONTAINER}/files", _containers_api.create_file),
    ("GET", f"{_CONTAINER}/files", _containers_api.list_files),
    ("GET", f"{_CONTAINER}/files/{{file_id}}", _containers_api.retrieve_file),
    ("DELETE", f"{_CONTAINER}/files/{{file_id}}", _containers_api.delete_file),
    ("GET", f"{_CONTAINER}/files/{{file_id}}/content", _containers_api.retrieve_content),
    ("GET", "/redirected/{container_id}/{file_id}", _containers_api.retrieve_redirected_content),
    ("POST", "/v1/files", _files_api.create_upload),
    ("GET", "/v1/files/{file_id}", _files_api.retrieve_upload),
    ("DELETE", "/v1/files/{file_id}", _files_api.delete_upload),
    ("GET", "/v1/files/{file_id}/content", _files_api.retrieve_upload_content),
]


def make_app(state: State) -> web.Application:
    """Return the application over this state."""
    app = web.Application(
        middlewares=[_record, _answer_errors, _require_credentials],
        client_max_size=_LARGEST_BODY,
    )
    app[STATE] = state
    app.on_response_prepare.append(_add_headers)
    for method, path, handler in _ROUTES:
        app.router.add_route(method, path, handler)
    return app


@web.middleware
async def _record(request: web.Request, handler: _Handler) -> web.StreamResponse:
    body = await request.read()
    recorded = RecordedRequest(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=_parsed(body),
    )
    request.app[STATE].requests.append(recorded)
    return await handler(request)


@web.middleware
async def _answer_errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        answer = error
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        answer = invalid_url(request.method, request.path)
    except (ConnectionError, web.HTTPException):
        raise
    except Exception as error:
        logger.exception("the stand-in server failed at %s %s", request.method, request.path)
        message = f"The stand-in server failed: {error!r}"
        answer = ApiError(500, message=message, error_type="server_error")
    response = json_response(answer.body, status=answer.status)
    response.headers.update(answer.headers)
    return response


@web.middleware
async def _require_credentials(request: web.Request, handler: _Handler) -> web.StreamResponse:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    bearer = token.strip() if scheme.lower() in ("bearer", "basic") else ""
    if request.path.startswith(_OPEN_TO_ALL):
        return await handler(request)
    if not bearer and not request.headers.get("api-key", "").strip():
        raise missing_credentials()
    return await handler(request)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["openai-version"] = "2020-10-01"
    response.headers["x-request-id"] = request.app[STATE].identifiers.new("req")


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body
