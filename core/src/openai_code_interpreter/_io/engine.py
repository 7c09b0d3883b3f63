"""Both sides of one set of settings: what the interpreters and the plugins stand on.

The stream is read as dicts, not as the SDK's models: `with_raw_response` is public on openai 2 and
3, keeps the SDK's credentials, retries and errors, and skips the typed union of event models, which
costs several times as much as everything done here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openai_code_interpreter._io.clients import ClientPool
from openai_code_interpreter._io.download import (
    DownloadLimits,
    adeliver,
    aperform,
    deliver,
    perform,
)
from openai_code_interpreter._io.event_source import AsyncEvents, AsyncSource, Events, Source
from openai_code_interpreter._io.executor import Executor, arun_commands, run_commands
from openai_code_interpreter._io.memory import ContainerMemory
from openai_code_interpreter._io.references import LazyBytes
from openai_code_interpreter._io.staging import ResponseStaging
from openai_code_interpreter._io.stores import chosen_store
from openai_code_interpreter._io.stream import AsyncCodeInterpreterStream, CodeInterpreterStream
from openai_code_interpreter._sansio.mounting import file_ids
from openai_code_interpreter._sansio.options import InterpreterOptions
from openai_code_interpreter._sansio.plan import ArtifactTarget, is_structured
from openai_code_interpreter._sansio.recovery import ContainerRecovery
from openai_code_interpreter._sansio.request import Call, ResolvedCall, resolve_call
from openai_code_interpreter._sansio.response import ResponseRun
from openai_code_interpreter._sansio.sources import InputFile
from openai_code_interpreter._sansio.storage import ArtifactStore
from openai_code_interpreter._sansio.wire import is_response

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["Engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Opens responses, sync and async, with one model, one set of options and one pool of clients.

    Attributes:
        model: The model's name, or None to leave it to the call.
        clients: The clients of both sides.
        options: What the constructor says; a chat model that derives from `InterpreterOptions` is
            its own.
        memory: What this object remembers of its earlier turns.

    Example:
        ```python
        engine = Engine(model="gpt-5", clients=ClientPool(), options=InterpreterOptions())
        with engine.stream(Call(input="Plot a parabola.")) as stream:
            for step in stream.steps():
                print(step.wire, step.events)
        ```
    """

    model: str | None
    clients: ClientPool
    options: InterpreterOptions = field(default_factory=InterpreterOptions)
    memory: ContainerMemory = field(default_factory=ContainerMemory)

    @property
    def artifact_store(self) -> ArtifactStore:
        """Where generated files go.

        Raises:
            InvalidInputError: If the one that was given is no store.
        """
        return chosen_store(self.options.artifact_store)

    def stream(self, call: Call) -> CodeInterpreterStream:
        """Return a stream whose request is made when it is first iterated.

        Args:
            call: What the call says.

        Raises:
            ValueError: If the input is empty or the container is not valid.
        """
        run, recovery = self._begin(call)
        executor, limits = self._executor(), self._limits()
        return CodeInterpreterStream(
            run,
            lambda: _open(
                self.clients.sync(),
                run_commands(recovery.plan(), executor),
                stream=not call.in_one_piece,
            ),
            lambda job, announced: perform(
                self.clients.sync(), job, limits=limits, announced=announced
            ),
            lambda: self.cleanup(recovery.leftovers()),
        )

    def astream(self, call: Call) -> AsyncCodeInterpreterStream:
        """Return the async stream of a call; see `stream`.

        It is not awaited: `async with engine.astream(call) as stream`, and in it
        `async for step in stream.steps()`.
        """
        run, recovery = self._begin(call)
        executor, limits = self._executor(), self._limits()
        client = self.clients.for_running_loop

        async def open_source() -> AsyncSource:
            arguments = await arun_commands(recovery.plan(), executor)
            return await _aopen(client(), arguments, stream=not call.in_one_piece)

        return AsyncCodeInterpreterStream(
            run,
            open_source,
            lambda job, announced: aperform(client(), job, limits=limits, announced=announced),
            lambda: self.acleanup(recovery.leftovers()),
        )

    def upload(self, files: Iterable[InputFile]) -> list[str]:
        """Upload files, each content once, and return the ids by which calls may hand them in.

        Args:
            files: Paths, file ids, names with bytes, artifacts.

        Raises:
            InvalidInputError: If a file cannot be handed in, or a file id is not known.
            openai.OpenAIError: Whatever the SDK raises for an upload.
        """
        return file_ids(self.memory.inputs.uploads.upload(self.clients.sync(), files))

    async def aupload(self, files: Iterable[InputFile]) -> list[str]:
        """Upload files and return their ids; see `upload`."""
        client = self.clients.for_running_loop()
        return file_ids(await self.memory.inputs.uploads.aupload(client, files))

    def cleanup(self, ids: Collection[str] | None = None) -> list[str]:
        """Delete files that were uploaded here.

        Args:
            ids: Only these; by default all.

        Returns:
            The ids of files that could not be deleted.
        """
        if ids is not None and not ids:
            return []
        return self.memory.inputs.cleanup(self.clients.sync(), ids)

    async def acleanup(self, ids: Collection[str] | None = None) -> list[str]:
        """Delete files that were uploaded here; see `cleanup`."""
        if ids is not None and not ids:
            return []
        client = self.clients.for_running_loop()
        return await self.memory.inputs.acleanup(client, ids)

    def resolve(self, call: Call) -> ResolvedCall:
        """Return a call with every choice made, before anything is asked of the API.

        Raises:
            ValueError: If the input is empty, or the container is not valid.
        """
        return resolve_call(call, model=self.model, options=self.options, memory=self.memory)

    def _executor(self) -> Executor:
        return Executor(clients=self.clients, inputs=self.memory.inputs, store=self.artifact_store)

    def _begin(self, call: Call) -> tuple[ResponseRun, ContainerRecovery]:
        resolved, options = self.resolve(call), self.options
        recovery = ContainerRecovery(resolved, options, self.memory)
        staging = ResponseStaging(
            self.artifact_store,
            max_file_bytes=options.max_file_bytes,
            max_response_bytes=options.max_response_bytes,
            read_later=self._read_later,
        )
        run = ResponseRun(
            staging,
            options=options,
            known=self.memory.known_files.with_history(resolved.earlier.files),
            structured=is_structured(resolved.options),
            recovery=recovery,
        )
        return run, recovery

    def _limits(self) -> DownloadLimits:
        return DownloadLimits(
            max_file_bytes=self.options.max_file_bytes, seconds=self.options.download_timeout
        )

    def _read_later(self, target: ArtifactTarget) -> LazyBytes:
        store, limits = self.artifact_store, self._limits()
        return LazyBytes(
            lambda: deliver(self.clients.sync(), target, store, limits=limits),
            lambda: adeliver(self.clients.for_running_loop(), target, store, limits=limits),
        )


def _finished(parse: Callable[[], object]) -> Iterator[Any]:
    """A finished response as the one event of a stream; no event if it is something else."""
    response = parse()
    if is_response(response):
        yield {"type": "response.completed", "response": response}


class _OnePiece:
    """A response that came whole: nothing is open. It is parsed when it is read."""

    def __init__(self, parse: Callable[[], object]) -> None:
        self._events = _finished(parse)

    def __next__(self) -> Any:
        return next(self._events)

    def drain(self) -> None:
        """Nothing is left."""

    def close(self) -> None:
        """Nothing is open."""


class _AsyncOnePiece:
    """The same for async. No async generator: nobody would have to close it."""

    def __init__(self, parse: Callable[[], object]) -> None:
        self._events = _finished(parse)

    async def __anext__(self) -> Any:
        for event in self._events:
            return event
        raise StopAsyncIteration

    async def drain(self) -> None:
        """Nothing is left."""

    async def close(self) -> None:
        """Nothing is open."""


def _open(client: OpenAI, arguments: dict[str, Any], *, stream: bool) -> Source:
    raw = client.responses.with_raw_response.create(**arguments, stream=stream)
    return Events(raw.http_response) if stream else _OnePiece(lambda: raw.parse(to=object))


async def _aopen(client: AsyncOpenAI, arguments: dict[str, Any], *, stream: bool) -> AsyncSource:
    raw = await client.responses.with_raw_response.create(**arguments, stream=stream)
    if stream:
        return AsyncEvents(raw.http_response)
    return _AsyncOnePiece(lambda: raw.parse(to=object))
