"""Both sides of one set of settings: what the interpreters and the plugins stand on.

The stream is read as dicts, not as the SDK's models: `with_raw_response…parse(to=Stream[object])`
is public on openai 2 and 3, keeps the SDK's credentials, retries and errors, and skips the typed
union of event models, which costs several times as much as everything done here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openai import AsyncStream, Stream

from openai_code_interpreter.artifacts.download import DownloadLimits, adeliver, deliver
from openai_code_interpreter.artifacts.jobs import aperform, perform
from openai_code_interpreter.artifacts.listing import KnownFiles, is_structured
from openai_code_interpreter.artifacts.options import DeliveryOptions
from openai_code_interpreter.artifacts.plan import ArtifactTarget, FileKey
from openai_code_interpreter.artifacts.readers import LazyBytes
from openai_code_interpreter.config import AUTO, ContainerConfig
from openai_code_interpreter.request import response_arguments
from openai_code_interpreter.stream import (
    AsyncCodeInterpreterStream,
    AsyncSource,
    CodeInterpreterStream,
    Source,
)
from openai_code_interpreter.turn import Turn
from openai_code_interpreter.wire import is_response

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from openai_code_interpreter.artifacts.stores import ArtifactStore
    from openai_code_interpreter.clients import ClientPool

__all__ = ["Engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Opens responses, sync and async, with one model, one store and one pool of clients.

    Attributes:
        model: The model's name, or None to leave it to the call.
        clients: The clients of both sides.
        artifact_store: Where generated files go.
        container: The container when a call names none.
        include_outputs: Ask the API for logs and images of the code.
        delivery: How files are found and brought.
        known_files: The files that this object's earlier turns brought.
    """

    model: str | None
    clients: ClientPool
    artifact_store: ArtifactStore
    container: str | ContainerConfig = AUTO
    include_outputs: bool = True
    delivery: DeliveryOptions = field(default_factory=DeliveryOptions)
    known_files: KnownFiles = field(default_factory=KnownFiles)

    def stream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        in_one_piece: bool = False,
        known_files: Iterable[FileKey] = (),
        options: Mapping[str, Any] | None = None,
    ) -> CodeInterpreterStream:
        """Return a stream whose request is made when it is first iterated.

        Args:
            input: A text, or a list of Responses input items.
            container: The call's own container.
            in_one_piece: Ask for the finished response instead of a stream of events.
            known_files: The files of earlier turns, by container and file id.
            options: Other options of `responses.create`.

        Raises:
            ValueError: If the input is empty or the container is not valid.
        """
        arguments = self._arguments(input, container, options, stream=not in_one_piece)
        limits = self._limits()
        return CodeInterpreterStream(
            self._turn(arguments, known_files),
            lambda: _open(self.clients.sync(), arguments),
            lambda job, announced: perform(
                self.clients.sync(), job, limits=limits, announced=announced
            ),
        )

    def astream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        in_one_piece: bool = False,
        known_files: Iterable[FileKey] = (),
        options: Mapping[str, Any] | None = None,
    ) -> AsyncCodeInterpreterStream:
        """Return the async twin of `stream`."""
        arguments = self._arguments(input, container, options, stream=not in_one_piece)
        limits, client = self._limits(), self.clients.for_running_loop
        return AsyncCodeInterpreterStream(
            self._turn(arguments, known_files),
            lambda: _aopen(client(), arguments),
            lambda job, announced: aperform(client(), job, limits=limits, announced=announced),
        )

    def _turn(self, arguments: Mapping[str, Any], known_files: Iterable[FileKey]) -> Turn:
        for key in known_files:
            self.known_files.add(key)
        return Turn(
            self.artifact_store,
            options=self.delivery,
            known=self.known_files,
            structured=is_structured(arguments),
            lazily=self._lazily,
        )

    def _limits(self) -> DownloadLimits:
        return DownloadLimits(
            max_file_bytes=self.delivery.max_file_bytes, seconds=self.delivery.download_timeout
        )

    def _lazily(self, target: ArtifactTarget) -> LazyBytes:
        store, limits = self.artifact_store, self._limits()
        return LazyBytes(
            lambda: deliver(self.clients.sync(), target, store, limits=limits),
            lambda: adeliver(self.clients.for_running_loop(), target, store, limits=limits),
        )

    def _arguments(
        self,
        input: str | Sequence[Any],  # noqa: A002
        container: object,
        options: Mapping[str, Any] | None,
        *,
        stream: bool,
    ) -> dict[str, Any]:
        arguments = response_arguments(
            model=self.model,
            input=input,
            container=container,
            default_container=self.container,
            include_outputs=self.include_outputs,
            options=options,
        )
        return {**arguments, "stream": stream}


def _finished(parse: Callable[[], object]) -> Iterator[Any]:
    """A finished response as the one event of a stream; no event if it is something else."""
    response = parse()
    if is_response(response):
        yield {"type": "response.completed", "response": response}


class _OnePiece:
    """A response that came whole: nothing is open. It is parsed when it is read."""

    def __init__(self, parse: Callable[[], object]) -> None:
        self._events = _finished(parse)

    def __iter__(self) -> Iterator[Any]:
        return self._events

    def close(self) -> None:
        """Nothing is open."""


class _AsyncOnePiece:
    """The same for async."""

    def __init__(self, parse: Callable[[], object]) -> None:
        self._events = _finished(parse)

    async def __aiter__(self) -> AsyncIterator[Any]:
        for event in self._events:
            yield event

    async def close(self) -> None:
        """Nothing is open."""


def _open(client: OpenAI, arguments: dict[str, Any]) -> Source:
    raw = client.responses.with_raw_response.create(**arguments)
    if arguments["stream"]:
        return raw.parse(to=Stream[object])
    return _OnePiece(lambda: raw.parse(to=object))


async def _aopen(client: AsyncOpenAI, arguments: dict[str, Any]) -> AsyncSource:
    raw = await client.responses.with_raw_response.create(**arguments)
    if arguments["stream"]:
        stream: AsyncStream[object] = raw.parse(to=AsyncStream[object])
        return stream
    return _AsyncOnePiece(lambda: raw.parse(to=object))
