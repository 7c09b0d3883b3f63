"""`CodeInterpreter` and `AsyncCodeInterpreter`: the library without a framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from openai_code_interpreter.artifacts.options import (
    DEFAULT_DOWNLOAD_TIMEOUT,
    DEFAULT_MAX_FILE_BYTES,
    DEFAULT_MAX_FILES,
    DEFAULT_MAX_RESPONSE_BYTES,
    FetchMode,
    LinkMode,
    ListMode,
)
from openai_code_interpreter.artifacts.stores import ArtifactStore
from openai_code_interpreter.clients import ClientPool
from openai_code_interpreter.config import (
    AUTO,
    ContainerConfig,
    MemoryLimit,
    OwnContainer,
)
from openai_code_interpreter.containers.options import (
    DEFAULT_RESTORE_MAX_BYTES,
    AcceptContainer,
    OffersCode,
    OnExpired,
)
from openai_code_interpreter.engine import engine_of
from openai_code_interpreter.inputs import InputFile
from openai_code_interpreter.results import CodeInterpreterResult
from openai_code_interpreter.stream import AsyncCodeInterpreterStream, CodeInterpreterStream

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["AsyncCodeInterpreter", "CodeInterpreter"]


class CodeInterpreter:
    """Lets a model run Python in a container at OpenAI and brings back what it made.

    Args:
        model: The model's name, such as `gpt-5`. Without one, each call names its own, or a stored
            `prompt` that has one.
        client: The SDK's client, `OpenAI` or `AzureOpenAI`; by default one from the SDK's own
            environment variables.
        container: `"auto"`, the id of a container, a `ContainerConfig` or a `ManagedContainer`.
        artifact_store: Where generated files go; by default this process's memory.
        include_outputs: Ask the API for logs and images of the code.
        fetch: `"eager"` downloads each file as soon as it is known, `"lazy"` when its bytes are
            asked for, `"none"` never.
        list_files: Look into the container for files that the text does not cite: `"auto"` when
            code ran and the answer cites nothing, mentions a path that leads to nothing, or has a
            structured format; `"always"`; `"never"`.
        links: `"keep"` leaves links to `sandbox:/mnt/data/…` in the text, `"rewrite"` makes them
            lead to where the store keeps the file.
        max_file_bytes: The cap on one file, in bytes.
        max_response_bytes: The cap on all files of a response together, in bytes.
        max_files: The cap on the number of files of a response.
        download_timeout: Seconds that one file may take, all attempts together.
        reuse_last_container: Go on in the container of the newest result in the input.
        on_expired: `"replace"` makes another container for one that is gone, puts the files back
            that the conversation speaks of, and asks again, once; `"raise"` raises
            `ContainerExpiredError`.
        restore_max_bytes: How many bytes of earlier files are put back, 50 MiB by default.
        accept_container: Called with the id of a container that a history names; False refuses it:
            the constructor's is used, and what ran in it becomes text.
        code_interpreter: False leaves the tool out, so that nothing is billed for a container; a
            function decides by the input.
        files: Files that every call hands in: paths, `(name, bytes)`, file ids, artifacts.
        cleanup: Delete what `files` uploaded when the response is over.
        rates: What a session costs by memory, where the published `RATES` do not hold.

    Raises:
        ValueError: If `container` or another option is not valid.
        openai.OpenAIError: The SDK's own, if there is no API key.

    Example:
        ```python
        ci = CodeInterpreter("gpt-5", artifact_store=DirectoryStore("output"))
        result = ci.run("Save the first ten Fibonacci numbers as fibonacci.csv.")
        print(result.text, [artifact.location for artifact in result.artifacts])
        ci.run("Sum them.", container=result.container_id)
        ```
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        client: OpenAI | None = None,
        container: str | ContainerConfig | OwnContainer = AUTO,
        artifact_store: ArtifactStore | None = None,
        include_outputs: bool = True,
        fetch: FetchMode = "eager",
        list_files: ListMode = "auto",
        links: LinkMode = "keep",
        max_file_bytes: int = DEFAULT_MAX_FILE_BYTES,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
        max_files: int = DEFAULT_MAX_FILES,
        download_timeout: float = DEFAULT_DOWNLOAD_TIMEOUT,
        reuse_last_container: bool = True,
        on_expired: OnExpired = "replace",
        restore_max_bytes: int = DEFAULT_RESTORE_MAX_BYTES,
        accept_container: AcceptContainer | None = None,
        code_interpreter: OffersCode = True,
        files: Sequence[InputFile] = (),
        cleanup: bool = False,
        rates: Mapping[MemoryLimit, Decimal] | None = None,
    ) -> None:
        self._engine = engine_of(
            ClientPool(client=client),
            model=model,
            artifact_store=artifact_store,
            container=container,
            include_outputs=include_outputs,
            fetch=fetch,
            list_files=list_files,
            links=links,
            max_file_bytes=max_file_bytes,
            max_response_bytes=max_response_bytes,
            max_files=max_files,
            download_timeout=download_timeout,
            reuse_last_container=reuse_last_container,
            on_expired=on_expired,
            restore_max_bytes=restore_max_bytes,
            accept_container=accept_container,
            code_interpreter=code_interpreter,
            cleanup=cleanup,
            rates=rates,
            files=files,
        )
        self._engine.clients.sync()  # a missing key is told here, not at the first run

    @property
    def artifact_store(self) -> ArtifactStore:
        """Where generated files go."""
        return self._engine.artifact_store

    def cleanup(self) -> list[str]:
        """Delete everything that `files=` uploaded; containers keep their copies.

        Returns:
            The ids of files that could not be deleted.
        """
        return self._engine.cleanup()

    def run(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        files: Sequence[InputFile] = (),
        code_interpreter: OffersCode | None = None,
        cleanup: bool | None = None,
        **options: Any,
    ) -> CodeInterpreterResult:
        """Ask, wait, and return the result with its files.

        Args:
            input: A text, or a list of Responses input items; a result of an earlier turn among
                them stands for what it put out, and the call goes on in its container.
            container: Another container for this call.
            files: Files that this call hands in; the model is told where each lies.
            code_interpreter: False leaves the tool out of this call.
            cleanup: Delete what `files` uploaded when the response is over.
            **options: Any option of `responses.create`, such as `previous_response_id`.

        Returns:
            The result. An incomplete response is one too, with its `incomplete_reason`.

        Raises:
            InvalidInputError: If the input is empty, or a file cannot be handed in.
            ContainerExpiredError: If its container is gone and was not replaced.
            ResponseFailedError: If the API says that the response failed.
            StreamInterruptedError: If the answer could not be read.
            openai.OpenAIError: Whatever the SDK raises for the request.
        """
        stream = self._engine.stream(
            input,
            in_one_piece=True,
            container=container,
            files=files,
            code_interpreter=code_interpreter,
            cleanup=cleanup,
            options=options,
        )
        for _ in stream.steps():
            pass
        return stream.result

    def stream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        files: Sequence[InputFile] = (),
        code_interpreter: OffersCode | None = None,
        cleanup: bool | None = None,
        **options: Any,
    ) -> CodeInterpreterStream:
        """Return a stream of events; the request is made when it is first iterated.

        Args:
            input: A text, or a list of Responses input items; a result of an earlier turn among
                them stands for what it put out, and the call goes on in its container.
            container: Another container for this call.
            files: Files that this call hands in; the model is told where each lies.
            code_interpreter: False leaves the tool out of this call.
            cleanup: Delete what `files` uploaded when the response is over.
            **options: Any option of `responses.create`.

        Raises:
            InvalidInputError: If the input is empty.
            ValueError: If `container` is not valid.
        """
        return self._engine.stream(
            input,
            container=container,
            files=files,
            code_interpreter=code_interpreter,
            cleanup=cleanup,
            options=options,
        )


class AsyncCodeInterpreter:
    """The async twin of `CodeInterpreter`: `await run(…)`, `async with stream(…)`.

    One object may be used from several event loops, one after the other: it has a client for each.

    Args:
        model: The model's name, unless each call names its own.
        client: The SDK's async client, `AsyncOpenAI` or `AsyncAzureOpenAI`.
        container: `"auto"`, the id of a container, a `ContainerConfig` or a `ManagedContainer`.
        artifact_store: Where generated files go; by default this process's memory.
        include_outputs: Ask the API for logs and images of the code.
        fetch: `"eager"` downloads each file as soon as it is known, `"lazy"` when its bytes are
            asked for, `"none"` never.
        list_files: Look into the container for files that the text does not cite: `"auto"` when
            code ran and the answer cites nothing, mentions a path that leads to nothing, or has a
            structured format; `"always"`; `"never"`.
        links: `"keep"` leaves links to `sandbox:/mnt/data/…` in the text, `"rewrite"` makes them
            lead to where the store keeps the file.
        max_file_bytes: The cap on one file, in bytes.
        max_response_bytes: The cap on all files of a response together, in bytes.
        max_files: The cap on the number of files of a response.
        download_timeout: Seconds that one file may take, all attempts together.
        reuse_last_container: Go on in the container of the newest result in the input.
        on_expired: `"replace"` makes another container for one that is gone, puts the files back
            that the conversation speaks of, and asks again, once; `"raise"` raises
            `ContainerExpiredError`.
        restore_max_bytes: How many bytes of earlier files are put back, 50 MiB by default.
        accept_container: Called with the id of a container that a history names; False refuses it:
            the constructor's is used, and what ran in it becomes text.
        code_interpreter: False leaves the tool out, so that nothing is billed for a container; a
            function decides by the input.
        files: Files that every call hands in: paths, `(name, bytes)`, file ids, artifacts.
        cleanup: Delete what `files` uploaded when the response is over.
        rates: What a session costs by memory, where the published `RATES` do not hold.

    Raises:
        ValueError: If `container` or another option is not valid.

    Example:
        ```python
        ci = AsyncCodeInterpreter("gpt-5")
        async with ci.stream("Plot a parabola.") as stream:
            async for event in stream:
                ...
        print(stream.result.text)
        ```
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        client: AsyncOpenAI | None = None,
        container: str | ContainerConfig | OwnContainer = AUTO,
        artifact_store: ArtifactStore | None = None,
        include_outputs: bool = True,
        fetch: FetchMode = "eager",
        list_files: ListMode = "auto",
        links: LinkMode = "keep",
        max_file_bytes: int = DEFAULT_MAX_FILE_BYTES,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
        max_files: int = DEFAULT_MAX_FILES,
        download_timeout: float = DEFAULT_DOWNLOAD_TIMEOUT,
        reuse_last_container: bool = True,
        on_expired: OnExpired = "replace",
        restore_max_bytes: int = DEFAULT_RESTORE_MAX_BYTES,
        accept_container: AcceptContainer | None = None,
        code_interpreter: OffersCode = True,
        files: Sequence[InputFile] = (),
        cleanup: bool = False,
        rates: Mapping[MemoryLimit, Decimal] | None = None,
    ) -> None:
        self._engine = engine_of(
            ClientPool(async_client=client),
            model=model,
            artifact_store=artifact_store,
            container=container,
            include_outputs=include_outputs,
            fetch=fetch,
            list_files=list_files,
            links=links,
            max_file_bytes=max_file_bytes,
            max_response_bytes=max_response_bytes,
            max_files=max_files,
            download_timeout=download_timeout,
            reuse_last_container=reuse_last_container,
            on_expired=on_expired,
            restore_max_bytes=restore_max_bytes,
            accept_container=accept_container,
            code_interpreter=code_interpreter,
            cleanup=cleanup,
            rates=rates,
            files=files,
        )

    @property
    def artifact_store(self) -> ArtifactStore:
        """Where generated files go."""
        return self._engine.artifact_store

    async def cleanup(self) -> list[str]:
        """Delete everything that `files=` uploaded; see `CodeInterpreter.cleanup`."""
        return await self._engine.acleanup()

    async def run(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        files: Sequence[InputFile] = (),
        code_interpreter: OffersCode | None = None,
        cleanup: bool | None = None,
        **options: Any,
    ) -> CodeInterpreterResult:
        """Ask, wait, and return the result with its files; see `CodeInterpreter.run`."""
        stream = self._engine.astream(
            input,
            in_one_piece=True,
            container=container,
            files=files,
            code_interpreter=code_interpreter,
            cleanup=cleanup,
            options=options,
        )
        async for _ in stream.steps():
            pass
        return stream.result

    def stream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        files: Sequence[InputFile] = (),
        code_interpreter: OffersCode | None = None,
        cleanup: bool | None = None,
        **options: Any,
    ) -> AsyncCodeInterpreterStream:
        """Return a stream of events, not to be awaited; see `CodeInterpreter.stream`."""
        return self._engine.astream(
            input,
            container=container,
            files=files,
            code_interpreter=code_interpreter,
            cleanup=cleanup,
            options=options,
        )
