"""How the API says that a container is gone. Pure.

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

Nobody has documented how a container dies while its response streams; both shapes of an in-stream
error are taken for it if they say one of these things.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import openai

from openai_code_interpreter.wire import Wire, as_wire, mapping, text

__all__ = ["ContainerLoss", "loss_in_error", "loss_in_response"]

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
    status = error.status_code if isinstance(error, openai.APIStatusError) else None
    if (status is not None and status not in _STATUSES) or _is_of_files_api(error):
        return None
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
    at_azure = status == 404 and _AZURE in message.lower()
    if _OTHER_CODE.search(code) or _OF_A_FILE.match(message):
        return None
    if not (at_azure or _GONE.search(message)):
        return None
    expected = _EXPECTED.search(message)
    named = None if expected else _NAMED.search(message)
    return ContainerLoss(
        message=message,
        status_code=status,
        container_id=named[1] if named else None,
        expected_id=expected[1] if expected else None,
    )
