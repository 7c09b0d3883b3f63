"""Callback handlers that are told of containers, code and files, however the model was asked.

LangChain's callbacks hear of chunks (`on_llm_new_token`) and of the message (`on_llm_end`), at top
level as in a chain or a graph, in every version of `stream_events`. These handlers make five hooks
of them. What chunks and messages tell of calls goes through the core's reducer, which tells
everything once: a chunk has the wire events that it came of, and of a message that came whole the
items of its calls are put together again.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import LLMResult
from openai import OpenAI
from typing_extensions import override

from langchain_openai_code_interpreter._answers import finished_calls
from langchain_openai_code_interpreter._chunks import ARTIFACTS_FIELD
from langchain_openai_code_interpreter._history import (
    code_interpreter_events,
    container_of,
    references_in,
)
from openai_code_interpreter import (
    Artifact,
    ArtifactError,
    ArtifactStore,
    CallCompleted,
    CodeDelta,
    CodeInterpreterCall,
    CodeInterpreterEvent,
    CodeInterpreterReducer,
    ContainerAssigned,
    ContainerReplaced,
)
from openai_code_interpreter.adapters import (
    Wire,
    artifact_from_reference,
    entries,
    mapping,
    resolve_reference,
    text,
)

__all__ = [
    "AsyncCodeInterpreterCallbackHandler",
    "CodeInterpreterCallbackHandler",
    "FileFound",
    "HandlerEvent",
    "MessageCallbacks",
]

_RUNS: Final = "_code_interpreter_runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFound:
    """A file: its reference, and its bytes if the message carries them."""

    reference: Wire
    data: bytes | None = field(default=None, repr=False)


HandlerEvent: TypeAlias = (
    ContainerAssigned | ContainerReplaced | CodeDelta | CallCompleted | FileFound
)
"""What a handler has a hook for."""


class _Response:
    """One response: what its chunks, and then its message, say for the first time."""

    def __init__(self) -> None:
        self._reducer = CodeInterpreterReducer()
        self._containers: set[str] = set()
        self._files: set[object] = set()
        self._is_replaced = False

    def take(self, message: BaseMessage) -> Iterator[HandlerEvent]:
        """Yield what this chunk, or the message, says that was not said before."""
        metadata = message.response_metadata
        if not isinstance(message, AIMessage) or metadata.get("model_provider") != "openai":
            return
        yield from self._replacement(mapping(metadata, "container_replaced"))
        for wire in code_interpreter_events(message) or _item_events(message):
            for event in self._reducer.feed(wire):
                yield from self._of_call(event)
        early = entries(message.model_extra or {}, ARTIFACTS_FIELD)
        for reference, data in [*((one, None) for one in early), *references_in(message)]:
            yield from self._file(reference, data)
        yield from self._container(container_of(message))

    def _replacement(self, told: Wire) -> Iterator[HandlerEvent]:
        if told and not self._is_replaced:
            self._is_replaced = True
            yield ContainerReplaced(
                old_id=text(told, "old_id"),
                new_id=text(told, "new_id"),
                restored=_names(told.get("restored")),
                lost=_names(told.get("lost")),
            )

    def _of_call(self, event: CodeInterpreterEvent) -> Iterator[HandlerEvent]:
        match event:
            case ContainerAssigned(container_id=container_id):
                yield from self._container(container_id)
            case CodeDelta():
                yield event
            case CallCompleted(call=call):
                yield CallCompleted(call=_without_pictures(call))

    def _container(self, container_id: str | None) -> Iterator[HandlerEvent]:
        if container_id and container_id not in self._containers:
            self._containers.add(container_id)
            yield ContainerAssigned(container_id=container_id)

    def _file(self, reference: Wire, data: bytes | None) -> Iterator[HandlerEvent]:
        # A file is told early, by its reference, and again by its block, which has the same.
        named = (reference.get("container_id"), reference.get("file_id") or reference.get("key"))
        if named not in self._files:
            self._files.add(named)
            known = {name: value for name, value in reference.items() if name != "type"}
            yield FileFound(reference=known, data=data)


def _item_events(message: AIMessage) -> Iterator[Wire]:
    """Yield the ends of a message's calls, as a stream would have told them."""
    for number, item in enumerate(finished_calls(message)):
        yield {"type": "response.output_item.done", "output_index": number, "item": item}


def _without_pictures(call: CodeInterpreterCall) -> CodeInterpreterCall:
    """Return a call as a message has it: its pictures are artifacts, its status one of two."""
    return replace(
        call,
        status="completed" if call.status == "completed" else "failed",
        outputs=[dict(one) for one in call.outputs or () if one.get("type") != "image"],
    )


def _names(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


class MessageCallbacks:
    """What sync and async handlers share: which run each chunk is of, and what it says anew.

    It keeps nothing but the runs at work, and makes do without a constructor: handlers often have
    one that does not call its parent's.
    """

    store: ArtifactStore | None = None
    """The store to look for files in, beside those that this process made."""
    client: OpenAI | None = None
    """A sync client, to read files that were left in their container (`fetch="lazy"`)."""

    def said_by_chunk(self, chunk: object, run_id: UUID) -> Iterator[HandlerEvent]:
        """Yield what a streamed chunk says that was not said before."""
        message = getattr(chunk, "message", None)
        if isinstance(message, BaseMessage):
            yield from self._runs().setdefault(run_id, _Response()).take(message)

    def said_at_end(self, response: LLMResult, run_id: UUID) -> Iterator[HandlerEvent]:
        """Yield what the message says that no chunk did, and forget the run."""
        told = self._runs().pop(run_id, None) or _Response()
        for generation in (one for row in response.generations for one in row):
            message = getattr(generation, "message", None)
            if isinstance(message, BaseMessage):
                yield from told.take(message)

    def forget(self, run_id: UUID) -> None:
        """Forget a run that failed, or that nobody wants to hear the end of."""
        self._runs().pop(run_id, None)

    def _runs(self) -> dict[UUID, _Response]:
        found: dict[UUID, _Response] = vars(self).setdefault(_RUNS, {})
        return found


class CodeInterpreterCallbackHandler(MessageCallbacks, BaseCallbackHandler):
    """Override the hooks you want, and pass an object of the class as a callback.

    They are called once for each thing, live where the answer is streamed and at its end where it
    came in one piece, under the sync and the async methods of the model alike. Under the async ones
    LangChain calls a sync handler in a thread; `AsyncCodeInterpreterCallbackHandler` stays in the
    loop. An exception in a hook is logged and does not stop the run, unless `raise_error` is true.

    Each hook also gets keyword arguments, as far as it takes them: `run_id`, by which runs at the
    same time are told apart, and `on_code` the `call_id`.

    Example:
        ```python
        class Files(CodeInterpreterCallbackHandler):
            def on_container(self, container_id, **_):
                print("runs in", container_id)

            def on_artifact(self, artifact, **_):
                Path(artifact.filename).write_bytes(artifact.read_bytes())


        chain.invoke("Plot a parabola.", config={"callbacks": [Files()]})
        ```
    """

    def on_container(self, container_id: str, **kwargs: Any) -> None:
        """Code runs in this container; once for each container of a response."""

    def on_code(self, delta: str, **kwargs: Any) -> None:
        """A piece of a call's code; all pieces of a `call_id` are its code."""

    def on_call_completed(self, call: CodeInterpreterCall, **kwargs: Any) -> None:
        """A call is over: its code and logs. Its pictures are artifacts, not among `outputs`."""

    def on_artifact(self, artifact: Artifact, **kwargs: Any) -> None:
        """A file is there. If its bytes are nowhere at hand, `read_bytes` says what is missing."""

    def on_container_replaced(
        self, old_id: str, new_id: str, restored: list[str], lost: list[str], **kwargs: Any
    ) -> None:
        """A container was gone, and another took its place; the lists are names of files."""

    @override
    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing is known yet. Without this, LangChain would spell all messages as one text."""

    @override
    def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: UUID, **kwargs: Any
    ) -> Any:
        """Tell what a chunk says."""
        for said in self.said_by_chunk(chunk, run_id):
            self.tell(said, run_id)

    @override
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> Any:
        """Tell what the message says that no chunk did."""
        for said in self.said_at_end(response, run_id):
            self.tell(said, run_id)

    @override
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> Any:
        """Forget the run; what came of it was told."""
        self.forget(run_id)

    def tell(self, said: HandlerEvent, run_id: UUID) -> None:
        """Call the hook for one thing."""
        call = _call_of(said)
        if isinstance(said, FileFound):
            call = call._replace(arguments=(_artifact(said, self.store, self.client),))
        hook = getattr(self, call.hook)
        hook(*call.arguments, **_taken(hook, {**call.extras, "run_id": run_id}))


class AsyncCodeInterpreterCallbackHandler(MessageCallbacks, AsyncCallbackHandler):
    """The same for async code; see `CodeInterpreterCallbackHandler`. Its hooks are coroutines."""

    async def on_container(self, container_id: str, **kwargs: Any) -> None:
        """Code runs in this container; once for each container of a response."""

    async def on_code(self, delta: str, **kwargs: Any) -> None:
        """A piece of a call's code; all pieces of a `call_id` are its code."""

    async def on_call_completed(self, call: CodeInterpreterCall, **kwargs: Any) -> None:
        """A call is over: its code and logs. Its pictures are artifacts, not among `outputs`."""

    async def on_artifact(self, artifact: Artifact, **kwargs: Any) -> None:
        """A file is there. If its bytes are nowhere at hand, `read_bytes` says what is missing."""

    async def on_container_replaced(
        self, old_id: str, new_id: str, restored: list[str], lost: list[str], **kwargs: Any
    ) -> None:
        """A container was gone, and another took its place; the lists are names of files."""

    @override
    async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing is known yet."""

    @override
    async def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: UUID, **kwargs: Any
    ) -> None:
        """Tell what a chunk says."""
        for said in self.said_by_chunk(chunk, run_id):
            await self.tell(said, run_id)

    @override
    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Tell what the message says that no chunk did."""
        for said in self.said_at_end(response, run_id):
            await self.tell(said, run_id)

    @override
    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the run; what came of it was told."""
        self.forget(run_id)

    async def tell(self, said: HandlerEvent, run_id: UUID) -> None:
        """Call the hook for one thing."""
        call = _call_of(said)
        if isinstance(said, FileFound):
            found = await asyncio.to_thread(_artifact, said, self.store, self.client)
            call = call._replace(arguments=(found,))
        hook = getattr(self, call.hook)
        await hook(*call.arguments, **_taken(hook, {**call.extras, "run_id": run_id}))


class _Call(NamedTuple):
    """The call of a hook."""

    hook: str
    arguments: tuple[Any, ...]
    extras: dict[str, Any]


def _call_of(said: HandlerEvent) -> _Call:
    match said:
        case ContainerAssigned(container_id=container_id):
            return _Call("on_container", (container_id,), {})
        case CodeDelta(call_id=call_id, delta=delta):
            return _Call("on_code", (delta,), {"call_id": call_id})
        case CallCompleted(call=call):
            return _Call("on_call_completed", (call,), {})
        case ContainerReplaced(old_id=old_id, new_id=new_id, restored=restored, lost=lost):
            return _Call("on_container_replaced", (old_id, new_id, restored, lost), {})
        case FileFound():
            return _Call("on_artifact", (), {})


def _taken(hook: Callable[..., Any], extras: dict[str, Any]) -> dict[str, Any]:
    """Return the extras that a hook takes: people override it with the arguments they need."""
    names = _parameters(getattr(hook, "__func__", hook))
    return extras if names is None else {key: extras[key] for key in extras.keys() & names}


@lru_cache(maxsize=256)
def _parameters(function: Callable[..., Any]) -> frozenset[str] | None:
    """Return the names that a function takes as keywords; None if it takes any."""
    parameters = inspect.signature(function).parameters.values()
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return None
    return frozenset(one.name for one in parameters if one.kind is not one.POSITIONAL_ONLY)


def _artifact(found: FileFound, store: ArtifactStore | None, client: OpenAI | None) -> Artifact:
    """Return the file with its bytes at hand, or at least what is known of it."""
    try:
        return resolve_reference(found.reference, data=found.data, store=store, client=client)
    except ArtifactError:
        return artifact_from_reference(found.reference)
