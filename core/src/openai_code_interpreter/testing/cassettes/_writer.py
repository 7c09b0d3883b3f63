"""How a cassette is written: readable in review, exact, and nothing in it that must not be."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import openai
import yaml
from vcr.serialize import serialize
from vcr.serializers import yamlserializer

from openai_code_interpreter.testing.cassettes._filters import STAND_IN_HOST, find_secret

__all__ = [
    "MAX_FILE_BYTES",
    "CassetteError",
    "CassetteLeakError",
    "CassetteTooLargeError",
    "CassetteWriter",
    "header",
    "save",
]

MAX_FILE_BYTES: Final = 256 * 1024
"""How large a recorded file may be, by default: in base64 it takes half as much again."""


class CassetteError(Exception):
    """A cassette cannot be written; the message says which interaction, why, and the way out."""


class CassetteLeakError(CassetteError):
    """A secret would have been written."""


class CassetteTooLargeError(CassetteError):
    """A file would have been written that is too large to be reviewed and kept."""


def header(origin: str, scenario: str) -> str:
    """Return the comment lines that a cassette begins with."""
    today = datetime.now(tz=UTC).date().isoformat()
    return (
        f"# origin: {origin}\n# scenario: {scenario}\n"
        f"# recorded: {today} with openai {openai.__version__}\n"
    )


class CassetteWriter:
    """vcrpy's serializer: readable out, stock in.

    Args:
        header: The comment lines to begin a file with.
        scenario: If given, the header is made of it, and of what the recorded hosts say about
            the origin.
        max_file_bytes: The largest file that may be recorded, uploaded or downloaded. Streams
            and JSON are not held to it.
    """

    def __init__(
        self, header: str = "", *, scenario: str | None = None, max_file_bytes: int = MAX_FILE_BYTES
    ) -> None:
        self._header = header
        self._scenario = scenario
        self._max_file_bytes = max_file_bytes

    def serialize(self, cassette: dict[str, Any]) -> str:
        """Return the file's text.

        Raises:
            CassetteLeakError: If it would hold a secret.
            CassetteTooLargeError: If a file in it is too large.
            CassetteError: If a body was encoded in a way that nothing here can decode, or the
                text would not read back as what it was made of.
        """
        for number, interaction in enumerate(cassette["interactions"], start=1):
            self._check(number, interaction)
        ordered = {**cassette, "interactions": _in_stable_order(cassette["interactions"])}
        text = yaml.dump(
            ordered, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=float("inf")
        )
        if self.deserialize(text) != ordered:
            msg = "the cassette would not read back as it is; it was not written"
            raise CassetteError(msg)
        return self._comment(ordered) + text

    def deserialize(self, text: str) -> dict[str, Any]:
        """Return what the file's text says."""
        loaded: dict[str, Any] = yamlserializer.deserialize(text)
        return loaded

    def _comment(self, cassette: Mapping[str, Any]) -> str:
        if self._scenario is None:
            return self._header
        hosts = {urlsplit(one["request"]["uri"]).hostname for one in cassette["interactions"]}
        return header("stand-in" if hosts == {STAND_IN_HOST} else "live", self._scenario)

    def _check(self, number: int, interaction: Mapping[str, Any]) -> None:
        request, response = interaction["request"], interaction["response"]
        name = f"interaction {number} ({request['method']} {request['uri']})"
        if secret := find_secret(interaction):
            msg = (
                f"{name} holds {secret}; nothing was written. Take it out of what the test sends, "
                "or out of what the server answers, and record again"
            )
            raise CassetteLeakError(msg)
        encoding = {key.lower(): value for key, value in response["headers"].items()}.get(
            "content-encoding"
        )
        if encoding:
            msg = f"{name} came encoded as {encoding}, which cannot be decoded here"
            raise CassetteError(msg)
        bodies = ((request["headers"], request["body"]), (response["headers"], _body(response)))
        size = max(_file_size(headers, body) for headers, body in bodies)
        if size > self._max_file_bytes:
            msg = (
                f"{name} holds a file of {size:,} bytes, more than the {self._max_file_bytes:,} "
                "that a cassette takes; nothing was written. Ask for a smaller file (fewer rows, "
                "a figure of 40 by 40 pixels), or raise max_file_bytes"
            )
            raise CassetteTooLargeError(msg)


def save(path: str | Path, cassette: Mapping[str, Any], serializer: Any) -> None:
    """Write a cassette as UTF-8, whole or not at all.

    Args:
        path: Where to; folders are made.
        cassette: vcrpy's `{"requests": [...], "responses": [...]}`.
        serializer: What makes the text of it, as `CassetteWriter` does.
    """
    text, path = serialize(cassette, serializer), Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(draft).chmod(0o644)  # mkstemp's file is its owner's alone
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _body(response: Mapping[str, Any]) -> Any:
    return response["body"].get("string")


def _file_size(headers: Mapping[str, Any], body: Any) -> int:
    """The size of a body that is a file or carries one; 0 for JSON, streams and no body."""
    lowered = {key.lower(): str(value) for key, value in headers.items()}
    content_type = lowered.get("content-type", "")
    readable = "json" in content_type or "event-stream" in content_type
    if not isinstance(body, str | bytes) or (readable and "content-disposition" not in lowered):
        return 0
    return len(body.encode() if isinstance(body, str) else body)


def _in_stable_order(interactions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort neighbouring GETs by their URIs.

    Downloads that run side by side are recorded in the order in which they finish. The sort is
    stable, so the answers to one URI keep theirs.
    """
    ordered: list[dict[str, Any]] = []
    downloads: list[dict[str, Any]] = []
    for interaction in interactions:
        if interaction["request"]["method"] == "GET":
            downloads.append(interaction)
            continue
        ordered += sorted(downloads, key=_uri)
        ordered.append(interaction)
        downloads = []
    return ordered + sorted(downloads, key=_uri)


def _uri(interaction: Mapping[str, Any]) -> str:
    return str(interaction["request"]["uri"])


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
    exotic = any(mark in text for mark in _NOT_LITERAL)
    style = '"' if exotic else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
