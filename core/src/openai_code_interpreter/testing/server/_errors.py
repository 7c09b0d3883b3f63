"""Errors in the API's own shape, with the messages it was seen sending.

Most of the API's errors carry no code: clients tell them apart by status and message, so the
messages here are worth their exact wording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ApiError",
    "container_expired",
    "container_not_found",
    "expected_container",
    "file_not_found",
    "invalid_url",
    "missing_credentials",
    "missing_parameter",
    "not_created_with",
    "out_of_range",
    "previous_response_not_found",
    "response_not_found",
    "too_old_to_stream",
]


class ApiError(Exception):
    """An answer other than 200: its status, headers and `{"error": {…}}` body."""

    def __init__(
        self,
        status: int,
        *,
        message: str,
        error_type: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Hold what the answer needs."""
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: dict[str, Any] = {
            "error": {"message": message, "type": error_type, "param": param, "code": code}
        }


def missing_parameter(*, param: str) -> ApiError:
    """A required key is not in the body."""
    return ApiError(
        400,
        message=f"Missing required parameter: '{param}'.",
        param=param,
        code="missing_required_parameter",
    )


def out_of_range(value: int, *, param: str, low: int, high: int) -> ApiError:
    """An integer is outside [low, high]; the code is `integer_above_max_value` or its twin."""
    above = value > high
    problem = f"above maximum value. Expected a value <= {high}"
    if not above:
        problem = f"below minimum value. Expected a value >= {low}"
    return ApiError(
        400,
        message=f"Invalid '{param}': integer {problem}, but got {value} instead.",
        param=param,
        code="integer_above_max_value" if above else "integer_below_min_value",
    )


def missing_credentials() -> ApiError:
    """Neither `Authorization` nor `api-key` says anything."""
    return ApiError(
        401,
        message=(
            "You didn't provide an API key. You need to provide your API key in an "
            "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        ),
    )


def invalid_url(method: str, path: str) -> ApiError:
    """No such route."""
    return ApiError(404, message=f"Invalid URL ({method} {path})")


def container_not_found(container_id: str) -> ApiError:
    """The container is unknown or deleted."""
    return ApiError(404, message=f"Container with id '{container_id}' not found.")


def container_expired(status: int) -> ApiError:
    """The container was idle for too long: a 400 from `/responses`, a 404 from its files."""
    return ApiError(status, message="Container is expired.")


def expected_container(found: str, *, expected: str) -> ApiError:
    """The input replays a call of another container. Only the end of the message was quoted."""
    return ApiError(
        400,
        message=(
            f"The input has a code_interpreter_call of container '{found}', which is not the "
            f"request's. Expected container_id: {expected}"
        ),
        param="input",
    )


def response_not_found(response_id: str) -> ApiError:
    """The response is unknown or deleted, or was not stored."""
    return ApiError(404, message=f"Response with id '{response_id}' not found.")


def previous_response_not_found(response_id: str) -> ApiError:
    """The request continues a response that is unknown, deleted or was not stored."""
    return ApiError(
        400,
        message=f"Previous response with id '{response_id}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def not_created_with(option: str) -> ApiError:
    """A stored response is wanted as a stream, but lacks what makes that possible."""
    return ApiError(
        400,
        message=f"This response cannot be streamed because it was not created with {option}=true.",
        param="stream",
        code="invalid_request_error",
    )


def too_old_to_stream() -> ApiError:
    """A stored response is wanted as a stream, too late."""
    return ApiError(
        400,
        message="This response can no longer be streamed because it is more than 5 minutes old.",
    )


def file_not_found(file_id: str, *, container_id: str | None = None) -> ApiError:
    """The file is unknown or deleted, or belongs to another container."""
    if container_id is None:
        return ApiError(404, message=f"No such File object: {file_id}", param="id")
    return ApiError(404, message=f"File {file_id} not found on container {container_id}.")
