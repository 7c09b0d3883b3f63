"""One response from its first event to its last file: every decision that the shells share.

The sync and the async stream only open, iterate, download and close. What an event means, which
files are due, which error an ending deserves: all of it is decided here, without input or output.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import openai

from openai_code_interpreter.artifacts.plan import ArtifactTarget, cited_targets, shown_targets
from openai_code_interpreter.errors import (
    ArtifactError,
    ResponseFailedError,
    StreamInterruptedError,
)
from openai_code_interpreter.events import (
    ArtifactFailed,
    ArtifactReady,
    CodeInterpreterEvent,
    ResponseFinished,
)
from openai_code_interpreter.reducer import CodeInterpreterReducer
from openai_code_interpreter.results import Artifact, CodeInterpreterResult
from openai_code_interpreter.wire import Wire, as_wire

__all__ = ["Step", "Turn"]


class Step(NamedTuple):
    """What happened at once: a wire event, if there was one, and the typed events it told."""

    wire: Wire | None
    events: list[CodeInterpreterEvent]


class Turn:
    """The course of one response."""

    def __init__(self) -> None:
        self._reducer = CodeInterpreterReducer()
        self._artifacts: list[Artifact] = []
        self._failures: list[ArtifactError] = []
        self._cause: Exception | None = None
        self._seen = 0

    @property
    def over(self) -> bool:
        """Whether nothing more is to be read: the response finished, or an error ended it."""
        return self._reducer.finished or self._cause is not None

    def take(self, event: object) -> Step | None:
        """Take what the stream brought; None if it is no JSON object."""
        wire = as_wire(event)
        if wire is None:
            return None
        self._seen += 1
        events = self._reducer.feed(wire)
        if events and isinstance(events[-1], ResponseFinished):
            events = events[:-1]  # the end is told by `finish`, after the files
        return Step(wire, events)

    def broke(self, error: Exception) -> None:
        """Take an error that was raised while the stream was read.

        The SDK raises an in-stream error event as a bare `APIError`, without a status, and never
        shows the `response.failed` behind it. Everything else is a transport that gave up or a
        body that could not be read.
        """
        if type(error) is openai.APIError:
            self._reducer.fail(error.body or {"message": error.message})
        self._cause = error

    def cited(self) -> Iterator[ArtifactTarget]:
        """Yield the files that the text cites, if the response came to an end."""
        if self._reducer.finished:
            yield from cited_targets(self._reducer.result())

    def shown(self) -> Iterator[ArtifactTarget]:
        """Yield the displayed images that no delivered file stands for; ask after `cited`."""
        yield from shown_targets(self._reducer.result(), self._artifacts)

    def delivered(self, artifact: Artifact) -> Step:
        """Take a file that arrived."""
        self._artifacts.append(artifact)
        return Step(None, [ArtifactReady(artifact=artifact)])

    def missed(self, error: ArtifactError) -> Step:
        """Take a file that could not be had."""
        self._failures.append(error)
        return Step(None, [ArtifactFailed(error=error)])

    def result(self) -> CodeInterpreterResult:
        """Return what has come so far, files included."""
        return dataclasses.replace(
            self._reducer.result(),
            artifacts=list(self._artifacts),
            failures=list(self._failures),
        )

    def finish(self) -> Step:
        """Return the last step.

        Raises:
            ResponseFailedError: If the API said that the response failed.
            StreamInterruptedError: If the stream ended in any other way but finished.
        """
        result = self.result()
        if not self._reducer.finished:
            raise StreamInterruptedError(self._interruption(), partial=result) from self._cause
        if self._reducer.failed:
            error = result.error or {}
            code, reason = error.get("code"), error.get("message") or "no reason was given"
            msg = f"the response failed: {reason}" + (f" (code {code!r})" if code else "")
            raise ResponseFailedError(msg, partial=result, code=code) from self._cause
        return Step(None, [ResponseFinished(result=result)])

    def _interruption(self) -> str:
        if self._cause is not None:
            reason = f"{type(self._cause).__name__}: {self._cause}"
            return f"the stream was interrupted after {self._seen} events ({reason})"
        if self._seen:
            return f"the stream ended after {self._seen} events without saying that it was finished"
        return (
            "the answer held no event: the server did not send an event stream (does its base URL "
            "point to an API that speaks Responses?)"
        )
