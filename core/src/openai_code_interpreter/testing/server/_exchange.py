"""Reading request bodies and writing answers, shared by the routes: JSON, forms, listings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from openai_code_interpreter.testing.server._delivery import encode_json
from openai_code_interpreter.testing.server._errors import ApiError, out_of_range
from openai_code_interpreter.testing.server._state import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["STATE", "form", "json_object", "json_response", "page", "text_field"]

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


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form.

    Attributes:
        filename: The client's name for the file; `None` for a plain field.
        content: The raw bytes.
    """

    filename: str | None
    content: bytes


def parse_form(content_type: str, body: bytes) -> dict[str, Part]:
    """Return a form's fields by name; empty if the body is no form.

    Args:
        content_type: The `Content-Type` header, with its boundary.
        body: The whole body.
    """
    # A web framework's parser wants to read the socket; here the body has come, to be recorded.
    header = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    form = BytesParser(EmailMessage, policy=HTTP).parsebytes(header + body)
    parts = {}
    for part in form.iter_parts() if form.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            parts[name] = Part(filename=part.get_filename(), content=content)
    return parts


_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100


class Listed(Protocol):
    """What a listing holds."""

    @property
    def id(self) -> str:
        """The id that `after` names."""

    def wire(self) -> dict[str, Any]:
        """The object as the API describes it."""


def page(entries: Sequence[Listed], query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page.

    Args:
        entries: All entries, oldest first.
        query: `limit` (1 to 100, default 20), `order` (`asc` or `desc`, the default, by time of
            creation), `after` (the id of the entry before the page).
    """
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise ApiError(
            400, message=f"Invalid value: '{order}'. Expected 'asc' or 'desc'.", param="order"
        )
    ordered = list(entries) if order == "asc" else list(reversed(entries))
    start = _start(ordered, query.get("after"))
    limit = _limit(query.get("limit"))
    shown = ordered[start : start + limit]
    return {
        "object": "list",
        "data": [entry.wire() for entry in shown],
        "first_id": shown[0].id if shown else None,
        "has_more": start + limit < len(ordered),
        "last_id": shown[-1].id if shown else None,
    }


def _start(ordered: Sequence[Listed], after: str | None) -> int:
    if after is None:
        return 0
    for index, entry in enumerate(ordered):
        if entry.id == after:
            return index + 1
    raise ApiError(400, message=f"No entry with id '{after}' found.", param="after")


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    try:
        limit = int(text)
    except ValueError:
        raise ApiError(
            400, message=f"Invalid 'limit': '{text}' is no integer.", param="limit"
        ) from None
    if not 1 <= limit <= _MAX_LIMIT:
        raise out_of_range(limit, param="limit", low=1, high=_MAX_LIMIT)
    return limit
