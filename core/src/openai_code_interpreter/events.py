"""The events of a run: what a consumer sees while the response is made.

Each event is a frozen dataclass with a literal `type`, so that `match` and a type checker know
them all. `event_adapter` takes them to JSON and back:

```python
data = event_adapter.dump_json(event)
assert event_adapter.validate_json(data) == event
```

Order within one call: `ContainerAssigned` (once for each container), `CallStarted`, `CodeDelta`…,
`CodeDone`, `CallInterpreting`, then silence while the code runs, `CallCompleted`. Execution output
is never streamed by the API: logs and images arrive whole, with `CallCompleted`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, TypeAdapter

from openai_code_interpreter._sansio.results import (
    Artifact,
    CodeInterpreterCall,
    CodeInterpreterResult,
    ContainerFileCitation,
    JsonArtifactError,
)

__all__ = [
    "ArtifactFailed",
    "ArtifactReady",
    "CallCompleted",
    "CallInterpreting",
    "CallStarted",
    "CodeDelta",
    "CodeDone",
    "CodeInterpreterEvent",
    "ContainerAssigned",
    "ContainerReplaced",
    "FileCited",
    "FunctionCallDelta",
    "FunctionCallDone",
    "FunctionCallStarted",
    "OutputItemDone",
    "ReasoningDelta",
    "ReasoningDone",
    "RefusalDelta",
    "ResponseFinished",
    "ResponseStarted",
    "TextDelta",
    "TextDone",
    "event_adapter",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStarted:
    """The API has accepted the request."""

    response_id: str | None
    model: str | None = None
    type: Literal["response_started"] = "response_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerAssigned:
    """A container is named for the first time in this response."""

    container_id: str
    type: Literal["container_assigned"] = "container_assigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerReplaced:
    """A container had expired and another took its place.

    `restored` and `lost` are file names: what was put into the new container, and what was not.
    """

    old_id: str
    new_id: str
    restored: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    type: Literal["container_replaced"] = "container_replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """The model begins to write code for a container.

    `container_id` is None only if the stream was joined after the call had begun.
    """

    call_id: str
    container_id: str | None
    type: Literal["call_started"] = "call_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDelta:
    """A piece of code, as the model writes it. The pieces of a call join to its code."""

    call_id: str
    delta: str
    type: Literal["code_delta"] = "code_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDone:
    """The code of a call is complete; it has not run yet."""

    call_id: str
    code: str = field(repr=False)
    type: Literal["code_done"] = "code_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInterpreting:
    """The code begins to run. No event follows until it has finished."""

    call_id: str
    type: Literal["call_interpreting"] = "call_interpreting"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCompleted:
    """The code has run; `call` has its logs and images if they were asked for."""

    call: CodeInterpreterCall
    type: Literal["call_completed"] = "call_completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of the answer's text."""

    delta: str
    item_id: str | None = None
    content_index: int = 0
    type: Literal["text_delta"] = "text_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDone:
    """One text part is complete, with all its annotations as the wire has them."""

    text: str = field(repr=False)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    item_id: str | None = None
    content_index: int = 0
    type: Literal["text_done"] = "text_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalDelta:
    """A piece of the text with which the model refuses."""

    delta: str
    item_id: str | None = None
    content_index: int = 0
    type: Literal["refusal_delta"] = "refusal_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta:
    """A piece of a reasoning summary; `summary_index` counts the summary's paragraphs."""

    item_id: str
    delta: str
    summary_index: int = 0
    type: Literal["reasoning_delta"] = "reasoning_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDone:
    """A reasoning item is complete; `item` is the wire's own."""

    item: dict[str, Any] = field(repr=False)
    type: Literal["reasoning_done"] = "reasoning_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallStarted:
    """The model begins to call a function of the caller's."""

    item_id: str
    call_id: str
    name: str
    type: Literal["function_call_started"] = "function_call_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallDelta:
    """A piece of a function call's arguments, which join to JSON."""

    item_id: str
    delta: str
    type: Literal["function_call_delta"] = "function_call_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallDone:
    """A function call is over; `arguments` is JSON if its `status` is `completed`."""

    item_id: str
    call_id: str
    name: str
    arguments: str = field(repr=False)
    status: str = "completed"
    """`incomplete` or `in_progress` if the response stopped in its middle: it must not be run."""
    type: Literal["function_call_done"] = "function_call_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputItemDone:
    """An output item of another kind (web search, MCP, …) is complete; it is passed on."""

    item: dict[str, Any] = field(repr=False)
    type: Literal["output_item_done"] = "output_item_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCited:
    """The text cites a file of a container. It comes after the text that links it."""

    citation: ContainerFileCitation
    type: Literal["file_cited"] = "file_cited"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactReady:
    """A generated file has been delivered to the store."""

    artifact: Artifact
    type: Literal["artifact_ready"] = "artifact_ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFailed:
    """A generated file could not be delivered; the answer is untouched."""

    error: JsonArtifactError
    type: Literal["artifact_failed"] = "artifact_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFinished:
    """The response is over: completed, incomplete or failed. Always the last event."""

    result: CodeInterpreterResult = field(repr=False)
    type: Literal["response_finished"] = "response_finished"


CodeInterpreterEvent: TypeAlias = (
    ResponseStarted
    | ContainerAssigned
    | ContainerReplaced
    | CallStarted
    | CodeDelta
    | CodeDone
    | CallInterpreting
    | CallCompleted
    | TextDelta
    | TextDone
    | RefusalDelta
    | ReasoningDelta
    | ReasoningDone
    | FunctionCallStarted
    | FunctionCallDelta
    | FunctionCallDone
    | OutputItemDone
    | FileCited
    | ArtifactReady
    | ArtifactFailed
    | ResponseFinished
)
"""Any event of a run."""

event_adapter: TypeAdapter[CodeInterpreterEvent] = TypeAdapter(
    Annotated[CodeInterpreterEvent, Discriminator("type")],
    config=ConfigDict(defer_build=True),
)
"""JSON in and out, for every event. It is built at its first use, so that importing stays quick."""
