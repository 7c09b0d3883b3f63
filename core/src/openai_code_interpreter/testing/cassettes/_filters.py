"""What of a request and a response goes into a cassette.

vcrpy runs both filters on what is recorded and on what is loaded, and that of requests on each
request that is looked up. So each gives the same again when given its own result, and whatever it
changes on one side of a conversation it changes on the other: else a second turn, which sends back
what the first brought, would find nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from openai_code_interpreter.testing.cassettes._http_library import HTTP

__all__ = [
    "MATCH_ON",
    "STAND_IN_HOST",
    "clean_request",
    "clean_response",
    "find_secret",
    "hide_secrets",
]

# The look-behind keeps the patterns out of long base64url tokens, which may hold anything.
_SECRETS: Final = (
    ("an API key", re.compile(r"(?<![\w-])sk-[\w*-]{6,}"), "SECRET"),
    ("a bearer token", re.compile(r"\bBearer [\w.~+/=*-]{6,}"), "SECRET"),
    (
        "an organization's id",
        re.compile(r"(?<![\w-])org-(?=[A-Za-z]*\d|[a-z]*[A-Z])[A-Za-z0-9]{8,}"),
        "ORGANIZATION",
    ),
    (
        "a project's id",
        re.compile(r"(?<![\w-])proj_(?=[A-Za-z]*\d|[a-z]*[A-Z])[A-Za-z0-9]{8,}"),
        "PROJECT",
    ),
)
_COOKIE: Final = re.compile(r"\b(?:__cf_bm|_cfuvid)=")
_SECRET_HEADERS: Final = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "openai-organization",
        "openai-project",
        "proxy-authorization",
        "set-cookie",
    }
)
_SECRET_VARIABLE: Final = re.compile(
    r"(?:.*_)?OPENAI_(?:.*_)?(?:KEY|TOKEN|SECRET|ORG_ID|PROJECT_ID)"
)
_SHORTEST_SECRET: Final = 12
"""Shorter values of such variables are placeholders ("test"), which occur in any text."""


def hide_secrets(text: str) -> str:
    """Replace what looks like a key, a token, or the id of an organization or a project."""
    for _, pattern, substitute in _SECRETS:
        text = pattern.sub(substitute, text)
    return text


def find_secret(interaction: Mapping[str, Any]) -> str | None:
    """Say what kind of secret an interaction holds, without quoting it; None if it holds none."""
    if header := _secret_header(interaction):
        return f"the header {header}"
    known = _known_secrets()
    for text in _texts(interaction):
        for variable, value in known.items():
            if value in text:
                return f"the value of ${variable}"
        if _COOKIE.search(text):
            return "a cookie"
        for name, pattern, _ in _SECRETS:
            if pattern.search(text):
                return name
    return None


def _known_secrets() -> dict[str, str]:
    """The values that this process itself uses, by the names of their environment variables."""
    return {
        variable: value
        for variable, value in os.environ.items()
        if len(value) >= _SHORTEST_SECRET and _SECRET_VARIABLE.fullmatch(variable)
    }


def _secret_header(interaction: Mapping[str, Any]) -> str | None:
    names = (name for side in ("request", "response") for name in interaction[side]["headers"])
    return next((name for name in names if name.lower() in _SECRET_HEADERS), None)


def _texts(value: Any) -> Iterator[str]:
    """All text in a value, that of binary bodies included: in base64 nobody would see it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield str(key)
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)


MATCH_ON: Final = ("method", "path", "query", "body")
"""Not the host: a cassette replays wherever the client points. Not the headers: they vary with
the SDK's version and the machine."""

STAND_IN_HOST: Final = "stand-in.invalid"
"""The host that a recording of the stand-in server names instead of its loopback port."""

_REQUEST_HEADERS: Final = frozenset({"accept", "content-type"})
_RESPONSE_HEADERS: Final = frozenset(
    {
        "content-disposition",
        "content-encoding",
        "content-length",
        "content-type",
        "location",
        "retry-after-ms",
    }
)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_BOUNDARY: Final = "cassette-boundary"
_BOUNDARY_PARAMETER: Final = re.compile(r'boundary="?([^";\s]+)')
_REPEATED: Final = frozenset({408, 409, 429})
"""Statuses on which, as on 5xx, the SDK waits and asks again."""

_PADDING: Final = "obfuscation"
"""Random characters in each delta, new at each recording."""

_BLANKED: Final = {
    "encrypted_content": "ENCRYPTED",
    "prompt_cache_key": None,
    "safety_identifier": None,
}


def clean_request(request: Any) -> Any:
    """Return a vcrpy request reduced to what a replay has to match; it is changed in place."""
    headers = {key.lower(): value for key, value in request.headers.items()}
    kept = {key: headers[key] for key in sorted(_REQUEST_HEADERS & headers.keys())}
    content_type = str(kept.get("content-type", ""))
    request.uri = _without_port(request.uri)
    if "json" in content_type and request.body:
        # openai 2 and 3 write the same body with its keys in another order.
        request.body = _clean_json(request.body, indent=2, sort_keys=True)
    boundary = _BOUNDARY_PARAMETER.search(content_type)
    if boundary and content_type.startswith("multipart/") and isinstance(request.body, bytes):
        request.body = request.body.replace(boundary[1].encode(), _BOUNDARY.encode())
        before, after = content_type[: boundary.start(1)], content_type[boundary.end(1) :]
        kept["content-type"] = before + _BOUNDARY + after
    request.headers = kept
    return request


def clean_response(response: dict[str, Any]) -> dict[str, Any]:
    """Return a vcrpy response as it is written: decoded, readable, without what nobody needs."""
    headers = {key.lower(): list(values) for key, values in response["headers"].items()}
    status, body = response["status"]["code"], _as_bytes(response["body"].get("string") or b"")
    if status in _REPEATED or status >= 500:
        headers["retry-after-ms"] = ["1"]  # a replay need not wait
    body = _decode(headers, body)
    if "content-encoding" not in headers:
        body = _clean_body(headers, body)
    if "content-length" in headers:
        headers["content-length"] = [str(len(body))]
    if "location" in headers:
        headers["location"] = [_without_port(url) for url in headers["location"]]
    response["headers"] = {key: headers[key] for key in sorted(_RESPONSE_HEADERS & headers.keys())}
    response["body"]["string"] = body
    return response


def _clean_body(headers: dict[str, list[str]], body: bytes) -> bytes:
    content_type = "".join(headers.get("content-type", ()))
    if "content-disposition" in headers:
        return body  # a file, whatever its type: exact to the byte
    if "event-stream" in content_type:
        return b"\n".join(_clean_line(line) for line in body.split(b"\n"))
    if "json" in content_type:
        return _clean_json(body, indent=2)
    return body


def _decode(headers: dict[str, list[str]], body: bytes) -> bytes:
    """Undo the content encoding with the decoders that the client has: it asked for no other.

    vcrpy's own decoding knows no zstd, which the client offers as soon as `zstandard` is there.
    An encoding that stays is left in the headers; the writer refuses it.
    """
    encodings = headers.get("content-encoding")
    if not encodings:
        return body
    fields = [("content-encoding", encoding) for encoding in encodings]
    try:
        decoded: bytes = HTTP.Response(200, headers=fields, content=body).content
    except HTTP.DecodingError:
        return body
    if decoded != body or not body:
        del headers["content-encoding"]
    return decoded


def _without_port(uri: str) -> str:
    """Name the stand-in server instead of a port that is another each time."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=STAND_IN_HOST)) if parts.hostname in _LOOPBACK else uri


def _clean_line(line: bytes) -> bytes:
    prefix = b"data: "
    if not line.startswith(prefix + b"{"):
        return line
    ending = b"\r" if line.endswith(b"\r") else b""
    return prefix + _clean_json(line[len(prefix) :], indent=None) + ending


def _clean_json(body: bytes | str, *, indent: int | None, sort_keys: bool = False) -> bytes:
    """Scrub a JSON body; what is no JSON is left as it is, but for secrets."""
    try:
        value = _scrub(json.loads(body))
    except ValueError:
        return _hide_in_bytes(_as_bytes(body))
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        value, indent=indent, separators=separators, ensure_ascii=False, sort_keys=sort_keys
    )
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can write
        return json.dumps(value, indent=indent, separators=separators, sort_keys=sort_keys).encode()


def _hide_in_bytes(body: bytes) -> bytes:
    try:
        return hide_secrets(body.decode()).encode()
    except UnicodeDecodeError:
        return body


def _scrub(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _BLANKED[key] if key in _BLANKED and isinstance(entry, str) else _scrub(entry)
            for key, entry in value.items()
            if not (key == _PADDING and isinstance(entry, str))
        }
    if isinstance(value, list):
        return [_scrub(entry) for entry in value]
    return hide_secrets(value) if isinstance(value, str) else value


def _as_bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body
