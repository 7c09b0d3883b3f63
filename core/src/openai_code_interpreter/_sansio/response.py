"""One response from its first event to its last file: every decision that the shells share.

The sync and the async stream only open, iterate, do jobs and close. What an event means, which
files are due, which error an ending deserves: all of it is decided here, without input or output.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

import openai

from openai_code_interpreter._sansio.api_errors import (
    ContainerLoss,
    expired,
    loss_in_error,
    loss_in_response,
)
from openai_code_interpreter._sansio.delivery import (
    Deliveries,
    Job,
    ListFiles,
    Outcome,
    StagingArea,
)
from openai_code_interpreter._sansio.options import DeliveryOptions
from openai_code_interpreter._sansio.plan import (
    ArtifactTarget,
    FileKey,
    cited_target,
    containers_to_list,
    described,
    listed_targets,
    shown_targets,
)
from openai_code_interpreter._sansio.recovery import (
    CannotReplaceError,
    ContainerRecovery,
    Replacement,
)
from openai_code_interpreter._sansio.reducer import CodeInterpreterReducer
from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter._sansio.rewriting import TextGate, linked_text
from openai_code_interpreter._sansio.wire import Wire, as_wire
from openai_code_interpreter.errors import (
    ArtifactError,
    ContainerExpiredError,
    ResponseFailedError,
    StreamInterruptedError,
)
from openai_code_interpreter.events import (
    ArtifactFailed,
    ArtifactReady,
    CallStarted,
    CodeInterpreterEvent,
    ContainerAssigned,
    ContainerReplaced,
    FileCited,
    ResponseFinished,
    ResponseStarted,
    TextDone,
)

__all__ = ["ResponseRun", "StreamStep"]


class KnownFiles(Protocol):
    """The files of earlier turns, by container and file id: a set, or what works like one."""

    def __contains__(self, key: object, /) -> bool:
        """Whether a file is known."""

    def add(self, key: FileKey, /) -> None:
        """Take a file of this turn."""


class StreamStep(NamedTuple):
    """What happened at once: a wire event, if there was one, and the typed events it told."""

    wire: Wire | None
    events: list[CodeInterpreterEvent]


_HELD: Final = frozenset({ContainerAssigned, CallStarted})
"""What is told before code or text, and held back until one of these comes."""


class Prelude:
    """Holds steps back until code, text or anything else has come that counts as an answer.

    Should the container be gone after all, the response is made anew, and nobody need take back
    that a container was named or a call begun. The start of the response is told at once.
    """

    def __init__(self) -> None:
        self.over = False
        """Whether code or text has come, so that nothing is held back any more."""
        self._held: list[StreamStep] = []

    def pass_on(
        self, steps: list[StreamStep], events: Sequence[CodeInterpreterEvent]
    ) -> list[StreamStep]:
        """Take the next steps, and return those that may be told now.

        Args:
            steps: The steps.
            events: All that the wire event told, also what these steps keep to themselves.
        """
        kinds = {type(event) for event in events}
        if self.over or kinds == {ResponseStarted}:
            return steps
        self._held += steps
        if kinds <= _HELD:
            return []
        self.over = True
        return self.rest()

    def rest(self) -> list[StreamStep]:
        """Return what was held back, once there is nothing to wait for."""
        held, self._held = self._held, []
        return held


class ResponseRun:
    """The course of one response.

    A shell opens it, as often as `again` says, and tells when that failed (`could_not_open`) or
    went well (`opened`). It feeds it: `take` for each event of the stream, `broke` or `ended` at
    its end. As long as it is `busy`, the shell starts what is `due`, hands in outcomes with
    `settle`, and passes on what is `told`. `finish` comes last.

    Args:
        staging: Where its files are gathered.
        options: How they are found and brought.
        known: The files of earlier turns; those of this one are added.
        structured: Whether a structured answer was asked for.
        recovery: What becomes of the request when its container is gone; by default an error.
    """

    def __init__(
        self,
        staging: StagingArea,
        *,
        options: DeliveryOptions | None = None,
        known: KnownFiles | None = None,
        structured: bool = False,
        recovery: ContainerRecovery | None = None,
    ) -> None:
        self._options = options or DeliveryOptions()
        self._known: KnownFiles = set() if known is None else known
        self._structured = structured
        self._recovery = recovery
        self._staging = staging
        self._begin()

    def _begin(self) -> None:
        self._reducer = CodeInterpreterReducer()
        self._files = Deliveries(self._options, self._staging)
        self._gate = TextGate() if self._options.links == "rewrite" else None
        self._listings: set[Job] = set()
        self._left = ["list", "show"]
        self._cause: Exception | None = None
        self._ended = False
        self._seen = 0
        self._prelude = Prelude()

    @property
    def over(self) -> bool:
        """Whether nothing more is to be read: the response finished, or the stream ended."""
        return self._reducer.finished or self._ended

    @property
    def busy(self) -> bool:
        """Whether files are on their way, or still to be looked for."""
        return self._files.busy or bool(self._listings) or (self.over and bool(self._left))

    def could_not_open(self, error: Exception) -> None:
        """Take the error that opening the response raised; return if it is to be opened again.

        Raises:
            ContainerExpiredError: If the container is gone and is not replaced.
            Exception: The error itself, if it is about anything else.
        """
        if self._recovery is None:
            raise error
        before = self._recovery.loss
        if isinstance(error, CannotReplaceError) and before is not None:
            raise self._expired(before, str(error), self.result(), error) from error.__cause__
        loss = loss_in_error(error)
        if loss is None:
            if before is not None:
                error.add_note(f"It came up while a container was replaced: {before.message}")
            raise error
        why = self._recovery.refusal(told=self._prelude.over)
        if why is not None:
            raise self._expired(loss, why, self.result(), error) from error
        self._recovery.again(loss)

    def opened(self) -> list[StreamStep]:
        """Return what is known when the response is open: that its container is another one."""
        known = None if self._recovery is None else self._recovery.replacement
        return [] if known is None or known.new_id is None else [_replaced(known)]

    def again(self) -> bool:
        """Whether the response, which is over, is to be opened again in another container.

        If so, everything begins anew.
        """
        loss = self._loss()
        if (
            loss is None
            or self._recovery is None
            or self._recovery.refusal(told=self._prelude.over)
        ):
            return False
        self._recovery.again(loss)
        self._begin()
        return True

    def rest(self) -> list[StreamStep]:
        """Return what was held back, once it is clear that there is nothing to wait for."""
        return self._prelude.rest()

    def take(self, event: object) -> list[StreamStep]:
        """Take what the stream brought, and return the steps that may be passed on."""
        wire = as_wire(event)
        if wire is None:
            return []
        self._seen += 1
        events = self._reducer.feed(wire)
        if events and isinstance(events[-1], ResponseFinished):
            events = events[:-1]  # the end is told by `finish`, after the files
            if not self._prelude.over and self._loss() is not None:
                return []
        steps: list[StreamStep] = []
        for one in events:
            if type(one) is FileCited:
                self._files.held = True  # until all files of the text are named
                self._files.add(cited_target(one.citation))
            elif type(one) is TextDone:
                self._files.held = False
            elif type(one) is ContainerAssigned:
                steps += self._named(one.container_id)
        steps.append(StreamStep(wire, events if self._gate is None else self._gate.take(events)))
        return steps if self._prelude.over else self._prelude.pass_on(steps, events)

    def _named(self, container_id: str) -> list[StreamStep]:
        """Tell of a container that was replaced by one which only the response names."""
        known = None if self._recovery is None else self._recovery.named(container_id)
        return [] if known is None else [_replaced(known)]

    def broke(self, error: Exception) -> None:
        """Take an error that was raised while the stream was read.

        The SDK raises an in-stream error event as a bare `APIError`, without a status, and never
        shows the `response.failed` behind it. Everything else is a transport that gave up or a
        body that could not be read.
        """
        if type(error) is openai.APIError:
            self._reducer.fail(error.body or {"message": error.message})
        self._cause = error
        self.ended()

    def ended(self) -> None:
        """Take the end of the stream."""
        self._ended = True

    def due(self) -> list[Job]:
        """Return the jobs to start now."""
        if self.over:
            self._files.held = False
        jobs = self._files.jobs()
        while self.over and self._left and not (jobs or self._files.busy or self._listings):
            jobs = self._list() if self._left.pop(0) == "list" else self._show()
        return jobs

    def settle(self, job: Job, outcome: Outcome) -> None:
        """Take what came of a job."""
        if not isinstance(job, ListFiles):
            self._files.settle(job, outcome)
            return
        self._listings.discard(job)
        if isinstance(outcome, ArtifactError):
            self._files.fail(outcome)
        elif isinstance(outcome, list):
            result = self._reducer.result()
            found = listed_targets(
                outcome, since=result.created_at, known=self._known, said=result.text
            )
            self._add_all(found)

    def told(self) -> list[StreamStep]:
        """Return the steps of what became known of the files since the last time."""
        steps: list[StreamStep] = []
        for outcome in self._files.tell(lambda files: described(files, self._reducer.result())):
            if isinstance(outcome, ArtifactError):
                steps.append(StreamStep(None, [ArtifactFailed(error=outcome)]))
            else:
                self._known.add((outcome.container_id, outcome.file_id))
                steps.append(StreamStep(None, [ArtifactReady(artifact=outcome)]))
        if self._gate is not None:
            final = self.over and not self.busy
            events = self._gate.release(
                list(self._files.located()), self._files.undecided, final=final
            )
            steps += [StreamStep(None, events)] if events else []
        return steps

    def abandon(self) -> None:
        """Leave nothing half-done behind: the caller wants no more."""
        self._files.abandon()

    def result(self) -> CodeInterpreterResult:
        """Return what has come so far, files included."""
        result = self._reducer.result()
        linked = linked_text(result, list(self._files.located()))
        if self._gate is not None:
            result = dataclasses.replace(
                result,
                text=linked.text,
                citations=linked.citations,
                rewritten_links=linked.originals,
            )
        return dataclasses.replace(
            result,
            artifacts=self._files.artifacts,
            failures=self._files.failures,
            dangling_links=linked.dangling,
            **self._containers(result),
        )

    def finish(self) -> StreamStep:
        """Return the last step.

        Raises:
            ContainerExpiredError: If it failed because its container is gone.
            ResponseFailedError: If the API said that the response failed in another way.
            StreamInterruptedError: If the stream ended in any other way but finished.
        """
        result = self.result()
        if not self._reducer.finished:
            raise StreamInterruptedError(self._interruption(), partial=result) from self._cause
        if (loss := self._loss()) is not None:
            why = (
                None if self._recovery is None else self._recovery.refusal(told=self._prelude.over)
            )
            raise self._expired(
                loss, why or "no other was asked for", result, self._cause
            ) from self._cause
        if self._reducer.failed:
            error = result.error or {}
            code, reason = error.get("code"), error.get("message") or "no reason was given"
            msg = f"the response failed: {reason}" + (f" (code {code!r})" if code else "")
            raise ResponseFailedError(msg, partial=result, code=code) from self._cause
        if self._recovery is not None:
            self._recovery.remember(result)
        return StreamStep(None, [ResponseFinished(result=result)])

    def _loss(self) -> ContainerLoss | None:
        """What the API said, if the response failed because its container is gone."""
        failed = self._reducer.finished and self._reducer.failed
        return loss_in_response(self._reducer.result().error) if failed else None

    def _expired(
        self, loss: ContainerLoss, why: str, partial: CodeInterpreterResult, error: object = None
    ) -> ContainerExpiredError:
        known = "" if self._recovery is None else self._recovery.lost_id(loss)
        container_id = known or loss.container_id or partial.container_id
        return expired(loss, why, container_id=container_id, partial=partial, error=error)

    def _containers(self, result: CodeInterpreterResult) -> dict[str, Any]:
        """What the request says of containers, beside what its response does."""
        if self._recovery is None or result.response_id is None:
            return {}  # nobody knows whether the request was taken
        known = self._recovery.replacement
        if known is not None and known.new_id and not result.container_ids:
            # No code ran, and the next turn is to go on in the new container all the same.
            result = dataclasses.replace(result, container_ids=[known.new_id])
        return {
            "container_ids": result.container_ids,
            "containers": self._recovery.uses(result),
        }

    def _list(self) -> list[Job]:
        """Look into the containers, if the response came to an end and there may be more."""
        mode = self._options.list_files
        if not self._reducer.finished or (self._options.fetch == "none" and mode == "auto"):
            return []
        jobs: list[Job] = [
            ListFiles(container_id)
            for container_id in containers_to_list(
                self._reducer.result(), mode=mode, structured=self._structured
            )
        ]
        self._listings.update(jobs)
        return jobs

    def _show(self) -> list[Job]:
        """Take the shown images that no file stands for."""
        cap = self._options.max_file_bytes
        result = self._reducer.result()
        self._add_all(shown_targets(result, self._files.artifacts, max_bytes=cap))
        return self._files.jobs()

    def _add_all(self, found: Sequence[ArtifactTarget | ArtifactError]) -> None:
        for one in found:
            if isinstance(one, ArtifactError):
                self._files.fail(one)
            else:
                self._files.add(one)

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


def _replaced(known: Replacement) -> StreamStep:
    event = ContainerReplaced(
        old_id=known.old_id,
        new_id=known.new_id or "",
        restored=known.restored,
        lost=known.lost,
    )
    return StreamStep(None, [event])
