"""Both sides of one set of settings: what the interpreters and the plugins stand on.

The stream is read as dicts, not as the SDK's models: `with_raw_response…parse(to=Stream[object])`
is public on openai 2 and 3, keeps the SDK's credentials, retries and errors, and skips the typed
union of event models, which costs several times as much as everything done here.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openai import AsyncStream, Stream

from openai_code_interpreter.artifacts.download import DownloadLimits, adeliver, deliver
from openai_code_interpreter.artifacts.jobs import aperform, perform
from openai_code_interpreter.artifacts.listing import is_structured
from openai_code_interpreter.artifacts.options import DeliveryOptions
from openai_code_interpreter.artifacts.plan import ArtifactTarget, FileKey
from openai_code_interpreter.artifacts.readers import LazyBytes
from openai_code_interpreter.artifacts.stores import chosen_store
from openai_code_interpreter.config import AUTO, ContainerConfig, OwnContainer, parse_container
from openai_code_interpreter.containers.asking import Ask
from openai_code_interpreter.containers.attempts import Attempts
from openai_code_interpreter.containers.background import (
    Background,
    expanded,
    with_logs,
)
from openai_code_interpreter.containers.choosing import choose
from openai_code_interpreter.containers.ledger import Ledger
from openai_code_interpreter.containers.options import ContainerOptions, OffersCode
from openai_code_interpreter.containers.steps import Hands, acarry_out, carry_out
from openai_code_interpreter.errors import InvalidInputError
from openai_code_interpreter.history import detach
from openai_code_interpreter.inputs import InputFile, listed_files
from openai_code_interpreter.inputs.mounting import file_ids
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

__all__ = ["Engine", "engine_of"]


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
        containers: How containers are reused and replaced.
        files: Files that every call hands in.
        ledger: What this object remembers of its earlier turns.
    """

    model: str | None
    clients: ClientPool
    artifact_store: ArtifactStore
    container: str | ContainerConfig | OwnContainer = AUTO
    include_outputs: bool = True
    delivery: DeliveryOptions = field(default_factory=DeliveryOptions)
    containers: ContainerOptions = field(default_factory=ContainerOptions)
    files: Sequence[InputFile] = ()
    ledger: Ledger = field(default_factory=Ledger)

    def stream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        in_one_piece: bool = False,
        known_files: Iterable[FileKey] = (),
        **call: Any,
    ) -> CodeInterpreterStream:
        """Return a stream whose request is made when it is first iterated.

        Args:
            input: A text, or a list of Responses input items, with results of earlier turns among
                them.
            in_one_piece: Ask for the finished response instead of a stream of events.
            known_files: The files of earlier turns, by container and file id.
            **call: What else the call says; see `ask`.

        Raises:
            ValueError: If the input is empty or the container is not valid.
        """
        attempts = self._attempts(input, call)
        hands, limits = self._hands(), self._limits()
        return CodeInterpreterStream(
            self._turn(attempts, known_files, call),
            lambda: _open(
                self.clients.sync(), carry_out(attempts.plan(), hands), stream=not in_one_piece
            ),
            lambda job, announced: perform(
                self.clients.sync(), job, limits=limits, announced=announced
            ),
            lambda: self.cleanup(attempts.leftovers()),
        )

    def astream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        in_one_piece: bool = False,
        known_files: Iterable[FileKey] = (),
        **call: Any,
    ) -> AsyncCodeInterpreterStream:
        """Return the async twin of `stream`."""
        attempts = self._attempts(input, call)
        hands, limits, client = self._hands(), self._limits(), self.clients.for_running_loop

        async def open_source() -> AsyncSource:
            arguments = await acarry_out(attempts.plan(), hands)
            return await _aopen(client(), arguments, stream=not in_one_piece)

        return AsyncCodeInterpreterStream(
            self._turn(attempts, known_files, call),
            open_source,
            lambda job, announced: aperform(client(), job, limits=limits, announced=announced),
            lambda: self.acleanup(attempts.leftovers()),
        )

    def upload(self, files: Iterable[InputFile]) -> list[str]:
        """Upload files, each content once, and return the ids by which calls may hand them in.

        Args:
            files: Paths, file ids, names with bytes, artifacts.

        Raises:
            InvalidInputError: If a file cannot be handed in, or a file id is not known.
            openai.OpenAIError: Whatever the SDK raises for an upload.
        """
        return file_ids(self.ledger.inputs.uploads.upload(self.clients.sync(), files))

    async def aupload(self, files: Iterable[InputFile]) -> list[str]:
        """Upload files and return their ids; see `upload`."""
        client = self.clients.for_running_loop()
        return file_ids(await self.ledger.inputs.uploads.aupload(client, files))

    def cleanup(self, ids: Collection[str] | None = None) -> list[str]:
        """Delete files that were uploaded here.

        Args:
            ids: Only these; by default all.

        Returns:
            The ids of files that could not be deleted.
        """
        if ids is not None and not ids:
            return []
        return self.ledger.inputs.cleanup(self.clients.sync(), ids)

    async def acleanup(self, ids: Collection[str] | None = None) -> list[str]:
        """Delete files that were uploaded here; see `cleanup`."""
        if ids is not None and not ids:
            return []
        client = self.clients.for_running_loop()
        return await self.ledger.inputs.acleanup(client, ids)

    def ask(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        files: Sequence[InputFile] = (),
        code_interpreter: OffersCode | None = None,
        cleanup: bool | None = None,
        background: Background | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Ask:
        """Return what a call asks for; every choice between sources is made here.

        The container is the call's own, else that of a code-interpreter tool among its `tools`,
        else that of the newest result in the input, else the constructor's.

        Args:
            input: A text, or a list of input items and results.
            container: The call's own container.
            files: Files that the call hands in, beside those of every call.
            code_interpreter: Whether code may run; by default what the constructor says.
            cleanup: Whether uploads are deleted when the response is over.
            background: What is known of earlier turns, beside the results in the input.
            options: Other options of `responses.create`.

        Raises:
            ValueError: If the input is empty, or the container is not valid.
        """
        items, results = (input, []) if isinstance(input, str) else expanded(input or ())
        handed_in = listed_files(files)
        choice = choose(
            () if isinstance(items, str) else items,
            results,
            call=container,
            options=options,
            default=self.container,
            containers=self.containers,
        )
        offered = self.containers.offers_code(items, code_interpreter)
        if handed_in and not offered:
            msg = "files are for code to read: leave them out where code_interpreter=False"
            raise InvalidInputError(msg)
        ours = [one for one in choice.stale if one not in choice.refused]
        known = Background.of(results) | (background or Background())
        if choice.stale and not isinstance(items, str):
            logs = {**self.ledger.background(ours).logs, **known.logs}
            items = detach(with_logs(items, logs, of=choice.stale), containers=choice.stale)
        ask = Ask(
            model=self.model,
            input=items,
            container=choice.container if offered else None,
            default=self.container,
            files=[*self.files, *handed_in] if offered else (),
            options=dict(options or {}),
            include_outputs=self.include_outputs,
            background=known,
            detached=ours,
            cleanup=self.containers.cleanup if cleanup is None else cleanup,
        )
        ask.arguments(AUTO)  # an empty input is told here, not at the first event
        return ask

    def _attempts(self, input: str | Sequence[Any], call: Mapping[str, Any]) -> Attempts:  # noqa: A002
        return Attempts(self.ask(input, **call), self.containers, self.ledger)

    def _hands(self) -> Hands:
        return Hands(clients=self.clients, inputs=self.ledger.inputs, store=self.artifact_store)

    def _turn(
        self, attempts: Attempts, known_files: Iterable[FileKey], call: Mapping[str, Any]
    ) -> Turn:
        known = self.ledger.known_files
        for key in known_files:
            known.add(key)
        return Turn(
            self.artifact_store,
            options=self.delivery,
            known=known,
            structured=is_structured(call.get("options") or {}),
            lazily=self._lazily,
            attempts=attempts,
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


def engine_of(
    clients: ClientPool,
    *,
    model: str | None,
    container: object,
    artifact_store: ArtifactStore | None,
    include_outputs: bool,
    files: Sequence[InputFile],
    **options: Any,
) -> Engine:
    """Return the engine of an interpreter, its constructor's arguments checked.

    Args:
        clients: The clients of both sides.
        model: The model's name, or None to leave it to the call.
        container: The container when a call names none.
        artifact_store: Where generated files go; by default this process's memory.
        include_outputs: Ask the API for logs and images of the code.
        files: Files that every call hands in.
        **options: The fields of `DeliveryOptions` and of `ContainerOptions`.

    Raises:
        ValueError: If an argument is not valid.
    """
    delivery = {name: options.pop(name) for name in DeliveryOptions.model_fields if name in options}
    return Engine(
        model=model,
        clients=clients,
        artifact_store=chosen_store(artifact_store),
        container=parse_container(container),
        include_outputs=include_outputs,
        delivery=DeliveryOptions(**delivery),
        containers=ContainerOptions(**options),
        files=listed_files(files),
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


def _open(client: OpenAI, arguments: dict[str, Any], *, stream: bool) -> Source:
    raw = client.responses.with_raw_response.create(**arguments, stream=stream)
    if stream:
        return raw.parse(to=Stream[object])
    return _OnePiece(lambda: raw.parse(to=object))


async def _aopen(client: AsyncOpenAI, arguments: dict[str, Any], *, stream: bool) -> AsyncSource:
    raw = await client.responses.with_raw_response.create(**arguments, stream=stream)
    if stream:
        opened: AsyncStream[object] = raw.parse(to=AsyncStream[object])
        return opened
    return _AsyncOnePiece(lambda: raw.parse(to=object))
