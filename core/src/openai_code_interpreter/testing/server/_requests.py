"""Requests: as recorded for a test's assertions, and as read by the Responses route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openai_code_interpreter.testing.server._errors import ApiError, missing_parameter

__all__ = ["RecordedRequest", "ResponsesRequest"]


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request that the server got.

    Attributes:
        method: Such as `POST`.
        path: Such as `/v1/responses`, without the query.
        query: The query's parameters.
        headers: The headers, names in lower case. Not in the repr: they hold the key.
        body: The parsed JSON, or the raw bytes of anything else (empty for no body).
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: Any


@dataclass(frozen=True, slots=True)
class ResponsesRequest:
    """The body of a `POST /v1/responses`, with the few things the server acts on."""

    body: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Raise the API's 400 for what is missing or not served."""
        if "model" not in self.body:
            raise missing_parameter(param="model")
        if self.background and not self.stored:
            raise ApiError(
                400, message="Background mode requires 'store' to be true.", param="background"
            )
        for index, tool in enumerate(self.tools):
            if tool.get("type") == "code_interpreter" and not tool.get("container"):
                raise missing_parameter(param=f"tools[{index}].container")

    @property
    def stream(self) -> bool:
        """Whether the answer is a stream of events."""
        return bool(self.body.get("stream"))

    @property
    def background(self) -> bool:
        """Whether the response goes on by itself, whoever waits for it."""
        return bool(self.body.get("background"))

    @property
    def stored(self) -> bool:
        """Whether the response is kept for later requests."""
        return self.body.get("store") is not False

    @property
    def replayed_containers(self) -> list[str]:
        """The containers of the earlier calls that the input repeats, oldest first."""
        given = self.body.get("input")
        return [
            str(item.get("container_id"))
            for item in (given if isinstance(given, list) else [])
            if item.get("type") == "code_interpreter_call"
        ]

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools offered."""
        return list(self.body.get("tools") or [])

    @property
    def container(self) -> str | Mapping[str, Any] | None:
        """The code interpreter's container: an id, a wish for a new one, or no such tool."""
        for tool in self.tools:
            if tool.get("type") == "code_interpreter":
                container: str | Mapping[str, Any] = tool["container"]
                return container
        return None

    @property
    def file_ids(self) -> list[str]:
        """The uploads that the container is to hold."""
        container = self.container
        return list(container.get("file_ids") or []) if isinstance(container, Mapping) else []

    @property
    def obfuscated(self) -> bool:
        """Whether delta events are padded."""
        return (self.body.get("stream_options") or {}).get("include_obfuscation") is not False

    @property
    def previous_response_id(self) -> str | None:
        """The response that this one continues."""
        previous: str | None = self.body.get("previous_response_id")
        return previous

    @property
    def user_text(self) -> str | None:
        """The newest user message's text; `None` if the input has none (only tool results)."""
        given = self.body.get("input")
        if isinstance(given, str):
            return given
        for item in reversed(given or []):
            if item.get("role") == "user":
                return _text(item.get("content"))
        return None

    def includes(self, name: str) -> bool:
        """Whether the request's `include` names this."""
        return name in (self.body.get("include") or [])


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part.get("text") or "" for part in parts if isinstance(part, Mapping))
