"""What the API says of what is gone, or cannot be had: containers and files. One table for both.

It has no error code for that: `code` is null in every body that was quoted, so the status and the
message tell it. What was seen, by users and in other libraries' issues:

| when | status | message |
|---|---|---|
| a request names it, or goes on with `previous_response_id` | 400 | `Container is expired.` |
| the same, for its files | 404 | `Container is expired.` |
| the input replays a call of it | 400 | `… Expected container_id: cntr_…` |
| it is unknown or deleted | 404 | `Container with id 'cntr_…' not found.` |
| the same, while a response streams | none | the same, as an `error` event |
| at Azure | 404 | `The specified entity cannot be found.` |
| a file is not there, and the container lives | 404 | `File … not found on container …` |

Nobody has documented how a container dies while its response streams; both shapes of an in-stream
error are taken for it if they say one of these things. A proxy in between may send an error's body
with status 200; it is known by its shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import openai

from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter._sansio.wire import Wire, as_wire, mapping, text
from openai_code_interpreter.errors import (
    ArtifactDownloadError,
    ArtifactExpiredError,
    ArtifactNotFoundError,
    ArtifactTransientError,
    ContainerExpiredError,
)

__all__ = [
    "MAX_ERROR_BYTES",
    "ContainerLoss",
    "container_is_gone",
    "error_message",
    "expired",
    "failure",
    "is_attachment",
    "loss_in_error",
    "loss_in_response",
    "refusal",
]

_GONE: Final = re.compile(
    r"expected container_id"
    # Another noun in between is what was not found: a file, a domain, a model.
    r"|container(?:_id)?\b(?:(?!\b(?:c?file|domain|model|polic|skill|secret)).){0,80}?"
    r"\b(?:expired|deleted|not[ _]found|no longer (?:exists|available))"
    r"|no such container"
    r"|(?:expired|deleted|unknown) container\b(?!-)",
    re.IGNORECASE | re.DOTALL,
)

_OF_A_FILE: Final = re.compile(r"\A\W*(?:file|cfile_)", re.IGNORECASE)
"""`File cfile_… not found on container cntr_….` says nothing against the container."""

_OTHER_CODE: Final = re.compile(
    r"model|parameter|previous_response|rate_limit|quota|api_key|string_|integer_|array_"
)
"""Codes of errors that are about something else. A loss has none, or as good as none."""

_STATUSES: Final = frozenset({400, 404, 409, 410, 422})
"""A key, a quota or a server that fails says nothing against a container, whatever its words."""

_OF_FILES_API: Final = re.compile(r"/files(?:/|\Z)")
_AZURE: Final = "specified entity cannot be found"
_NAMED: Final = re.compile(r"(?:with id|container)\s+['\"]?(cntr_\w+)", re.IGNORECASE)
_EXPECTED: Final = re.compile(r"expected container_id:?\s*['\"]?(cntr_\w+)", re.IGNORECASE)


_TRANSIENT: Final = frozenset({408, 409, 425, 429})
_FILE_NOT_FOUND: Final = re.compile(r"\b(?:not found|no such|not exist|cannot be found)\b", re.I)

MAX_ERROR_BYTES: Final = 64 * 1024
"""A body that is larger is no error's."""


def container_is_gone(message: str, status: int | None) -> bool:
    """Whether the API says that a container is gone, and not only a file of one that lives.

    Args:
        message: What it says.
        status: The HTTP status; None if it was said inside a stream.
    """
    if (status is not None and status not in _STATUSES) or _OF_A_FILE.match(message):
        return False
    at_azure = status == 404 and _AZURE in message.lower()
    return at_azure or _GONE.search(message) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLoss:
    """What the API said of a container that is gone."""

    message: str
    status_code: int | None
    """The HTTP status; None if it was said inside a stream."""
    container_id: str | None
    """The container, if the message names it."""
    expected_id: str | None = None
    """The container that the request uses, where only calls of another one are refused."""


def loss_in_error(error: BaseException) -> ContainerLoss | None:
    """Return what an error of the SDK says of a lost container, or None if it is about another.

    Args:
        error: What a request raised.
    """
    if not isinstance(error, openai.APIError):
        return None
    if _is_of_files_api(error):
        return None
    status = error.status_code if isinstance(error, openai.APIStatusError) else None
    body = _body(error)
    return _loss(text(body, "message") or error.message, status, text(body, "code"))


def loss_in_response(error: Mapping[str, Any] | None) -> ContainerLoss | None:
    """Return what the `error` of a failed response says of a lost container, or None."""
    wire = as_wire(error) or {}
    return _loss(text(wire, "message"), None, text(wire, "code"))


def _body(error: openai.APIError) -> Wire:
    body: Wire = as_wire(error.body) or {}
    return mapping(body, "error") or body


def _is_of_files_api(error: openai.APIError) -> bool:
    """Whether an upload was asked for: its containers are none of the Files API's business."""
    path = str(getattr(getattr(error.request, "url", None), "path", ""))
    return "/containers/" not in path and _OF_FILES_API.search(path) is not None


def _loss(message: str, status: int | None, code: str) -> ContainerLoss | None:
    if _OTHER_CODE.search(code) or not container_is_gone(message, status):
        return None
    expected = _EXPECTED.search(message)
    named = None if expected else _NAMED.search(message)
    return ContainerLoss(
        message=message,
        status_code=status,
        container_id=named[1] if named else None,
        expected_id=expected[1] if expected else None,
    )


def expired(
    loss: ContainerLoss,
    why: str,
    *,
    container_id: str | None,
    partial: CodeInterpreterResult,
    error: object = None,
) -> ContainerExpiredError:
    """Return the error of a loss that is not made good.

    Args:
        loss: What the API said.
        why: Why no other container took its place, and what to do.
        container_id: The container that is gone, if that is known.
        partial: What had come until then.
        error: The SDK's own error, if it raised one.
    """
    named = f"container {container_id!r}" if container_id else "the container"
    return ContainerExpiredError(
        f"{named} is gone ({loss.message}) and was not replaced: {why}",
        partial=partial,
        container_id=container_id,
        status_code=loss.status_code,
        request=getattr(error, "request", None),
        body=getattr(error, "body", None),
    )


def refusal(target: ArtifactTarget, status: int, message: str) -> ArtifactDownloadError:
    """Return the error that a status and an API's message mean for a file.

    Args:
        target: The file.
        status: The HTTP status; 200 for an error's body in the place of the file.
        message: What the API says, or any text that says why.
    """
    name, where = _name(target), target.where
    if container_is_gone(message, None if status == 200 else status):
        msg = (
            f"{name} is lost: its container {target.container_id!r} is gone (status {status}: "
            f"{message}); run the code again to make it anew"
        )
        return ArtifactExpiredError(msg, status_code=status, **where)
    if status in (404, 410) or (status == 200 and _FILE_NOT_FOUND.search(message)):
        msg = (
            f"{name} is not in container {target.container_id!r} any more (status {status}: "
            f"{message}); let the model save it again"
        )
        return ArtifactNotFoundError(msg, status_code=status, **where)
    if status in _TRANSIENT or status >= 500:
        msg = f"{name} cannot be had now (status {status}: {message}); ask for it again later"
        return ArtifactTransientError(msg, status_code=status, **where)
    msg = (
        f"{name} was refused (status {status}: {message}); check that the client's key may read "
        "this container"
    )
    return ArtifactDownloadError(msg, status_code=status, **where)


def failure(target: ArtifactTarget, error: Exception) -> ArtifactDownloadError:
    """Return what an error that was raised in place of an answer means for a file."""
    if isinstance(error, openai.APIStatusError):
        return refusal(target, error.status_code, _said(error))
    reason = f"{type(error).__name__}: {error}"
    if error.__cause__ is not None:
        reason += f" ({type(error.__cause__).__name__}: {error.__cause__})"
    if isinstance(error, openai.APIConnectionError):  # a timeout is one, too
        msg = f"{_name(target)} could not be fetched ({reason}); ask for it again later"
        return ArtifactTransientError(msg, **target.where)
    msg = f"{_name(target)} could not be asked for ({reason}); check the client's settings"
    return ArtifactDownloadError(msg, **target.where)


def error_message(body: bytes) -> str | None:
    """Return the message of a body of the API's error shape, or None if it has another."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or list(value) != ["error"]:
        return None
    error = value["error"]
    if not isinstance(error, dict) or "type" not in error:
        return None
    message = error.get("message")
    return message if isinstance(message, str) else None


def is_attachment(headers: Mapping[str, str]) -> bool:
    """Whether an answer says that it is a file, as the API does of every container file."""
    disposition = headers.get("content-disposition", "")
    return disposition.partition(";")[0].strip().lower() == "attachment"


def _said(error: openai.APIStatusError) -> str:
    body: object = error.body
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, Mapping) else inner
        if isinstance(message, str) and message:
            return message
    return error.message[:500]


def _name(target: ArtifactTarget) -> str:
    return f"{target.filename!r} ({target.file_id})"
