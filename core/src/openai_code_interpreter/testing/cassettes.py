"""Cassettes: recorded interactions that replay without a key, a network or a cent.

A cassette is a file of vcrpy, written so that it can be read in review and published: of the
headers only those that a replay needs, JSON indented, streams as literal text, binary exact. Its
first lines say where it came from:

```yaml
# origin: stand-in
# scenario: demo-langchain
# recorded: 2026-11-22 with openai 3.54.0
```

Any vcrpy from 8.2 on loads the file; only writing needs this module.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

import openai
import vcr
import yaml
from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.serialize import deserialize, serialize
from vcr.serializers import yamlserializer

__all__ = ["CassetteWriter", "recording", "replaying"]

_REQUEST_HEADERS: Final = frozenset({"accept", "content-type"})
_RESPONSE_HEADERS: Final = frozenset({"content-disposition", "content-length", "content-type"})
_PADDING: Final = "obfuscation"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_STAND_IN: Final = "stand-in.invalid"
"""The host that a recording of the stand-in server names instead of its loopback port."""

_MATCH_ON: Final = ("method", "path", "query", "body")
"""Not the host: a cassette replays wherever the client points. Not the headers: they vary with
the SDK's version and the machine."""


@contextmanager
def replaying(path: Path) -> Iterator[None]:
    """Answer every request from a cassette; one that it does not hold is an error.

    Args:
        path: The cassette.

    Raises:
        FileNotFoundError: If there is none.
    """
    if not path.is_file():
        msg = f"no cassette at {path}"
        raise FileNotFoundError(msg)
    with _vcr(CassetteWriter()).use_cassette(str(path), record_mode="none"):
        yield


@contextmanager
def recording(path: Path, *, origin: Literal["live", "stand-in"], scenario: str) -> Iterator[None]:
    """Send every request on its way and write what comes back to a new cassette.

    Args:
        path: The cassette; an older one of that name is replaced.
        origin: Whether the other end is the real API or the stand-in server.
        scenario: What is played, in a word.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    writer = CassetteWriter(_header(origin, scenario))
    with _vcr(writer).use_cassette(str(path), record_mode="all"):
        yield


def _header(origin: str, scenario: str) -> str:
    today = datetime.now(tz=UTC).date().isoformat()
    return (
        f"# origin: {origin}\n# scenario: {scenario}\n"
        f"# recorded: {today} with openai {openai.__version__}\n"
    )


def _vcr(writer: CassetteWriter) -> Any:
    # vcrpy logs every request and response, headers included, before any filter sees them.
    logging.getLogger("vcr").setLevel(logging.WARNING)
    tape = vcr.VCR(
        serializer="code-interpreter",
        match_on=_MATCH_ON,
        before_record_request=_clean_request,
        before_record_response=_clean_response,
        decode_compressed_response=True,
    )
    tape.register_serializer("code-interpreter", writer)
    tape.register_persister(_Utf8Files)
    return tape


class _Utf8Files:
    """Reads and writes cassettes as UTF-8; vcrpy's own way is the machine's encoding."""

    @staticmethod
    def load_cassette(path: str, serializer: CassetteWriter) -> Any:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise CassetteNotFoundError from error
        return deserialize(text, serializer)

    @staticmethod
    def save_cassette(path: str, cassette: Any, serializer: CassetteWriter) -> None:
        text = serialize(cassette, serializer)
        Path(path).write_text(text, encoding="utf-8", newline="\n")


# Both hooks run on what is recorded, on what is loaded, and on each request that is looked up, so
# they give the same again when given their own result.


def _clean_request(request: Any) -> Any:
    headers = {key.lower(): value for key, value in request.headers.items()}
    request.headers = {key: headers[key] for key in sorted(_REQUEST_HEADERS & headers.keys())}
    parts = urlsplit(request.uri)
    if parts.hostname in _LOOPBACK:
        request.uri = urlunsplit(parts._replace(netloc=_STAND_IN))
    if _is_json(request.headers) and request.body:
        # openai 2 and 3 write the same body with its keys in another order.
        request.body = _indented(request.body, sort_keys=True)
    return request


def _clean_response(response: dict[str, Any]) -> dict[str, Any]:
    headers = {key.lower(): value for key, value in response["headers"].items()}
    kept = {key: headers[key] for key in sorted(_RESPONSE_HEADERS & headers.keys())}
    body = response["body"].get("string") or b""
    if _is_json(kept):
        body = _indented(body, sort_keys=False)
    elif "event-stream" in str(kept.get("content-type")):
        body = b"\n".join(_clean_line(line) for line in body.split(b"\n"))
    if "content-length" in kept:
        kept["content-length"] = [str(len(body))]
    response["headers"], response["body"]["string"] = kept, body
    return response


def _is_json(headers: Mapping[str, Any]) -> bool:
    return "application/json" in str(headers.get("content-type"))


def _indented(body: bytes | str, *, sort_keys: bool) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body.encode() if isinstance(body, str) else body
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=sort_keys).encode()


def _clean_line(line: bytes) -> bytes:
    """Take the random padding out of a stream's data line."""
    if not line.startswith(b"data: {"):
        return line
    event = json.loads(line[6:])
    event.pop(_PADDING, None)
    return b"data: " + json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


class _Dumper(yaml.SafeDumper):
    """Writes multi-line text as literal blocks.

    It is the pure Python dumper: libyaml's falls back to one quoted line where it meets an emoji.
    """

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Never write an anchor: each interaction reads on its own."""
        return True


# Line breaks to YAML that are none to JSON: in a literal block they would be read back as others.
_NOT_LITERAL: Final = ("\x85", "\u2028", "\u2029", "\ufeff")


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    literal = "\n" in text and not any(mark in text for mark in _NOT_LITERAL)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if literal else None)


_Dumper.add_representer(str, _represent_text)


class CassetteWriter:
    """vcrpy's serializer: readable out, stock in.

    Args:
        header: The comment lines to begin a file with.
    """

    def __init__(self, header: str = "") -> None:
        self._header = header

    def serialize(self, cassette: dict[str, Any]) -> str:
        """Return the file's text.

        Raises:
            ValueError: If the text would not read back as what it was made of.
        """
        text = yaml.dump(
            cassette, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf")
        )
        if self.deserialize(text) != cassette:
            msg = "the cassette would not read back as it is"
            raise ValueError(msg)
        return self._header + text

    def deserialize(self, text: str) -> dict[str, Any]:
        """Return what the file's text says."""
        loaded: dict[str, Any] = yamlserializer.deserialize(text)
        return loaded
