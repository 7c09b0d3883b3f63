"""`CodeInterpreter` and `AsyncCodeInterpreter`: the library without a framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from openai_code_interpreter.artifacts.download import DEFAULT_MAX_FILE_BYTES
from openai_code_interpreter.artifacts.stores import ArtifactStore, chosen_store
from openai_code_interpreter.clients import ClientPool
from openai_code_interpreter.config import AUTO, ContainerConfig, parse_container
from openai_code_interpreter.engine import Engine
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
        container: `"auto"`, the id of a container, or a `ContainerConfig`.
        artifact_store: Where generated files go; by default this process's memory.
        include_outputs: Ask the API for logs and images of the code.
        max_file_bytes: The cap on one file, in bytes.

    Raises:
        ValueError: If `container` is not valid.
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
        container: str | ContainerConfig = AUTO,
        artifact_store: ArtifactStore | None = None,
        include_outputs: bool = True,
        max_file_bytes: int = DEFAULT_MAX_FILE_BYTES,
    ) -> None:
        self._engine = Engine(
            model=model,
            clients=ClientPool(client=client),
            artifact_store=chosen_store(artifact_store),
            container=parse_container(container),
            include_outputs=include_outputs,
            max_file_bytes=max_file_bytes,
        )
        self._engine.clients.sync()  # a missing key is told here, not at the first run

    @property
    def artifact_store(self) -> ArtifactStore:
        """Where generated files go."""
        return self._engine.artifact_store

    def run(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        **options: Any,
    ) -> CodeInterpreterResult:
        """Ask, wait, and return the result with its files.

        Args:
            input: A text, or a list of Responses input items.
            container: Another container for this call.
            **options: Any option of `responses.create`, such as `previous_response_id`.

        Returns:
            The result. An incomplete response is one too, with its `incomplete_reason`.

        Raises:
            InvalidInputError: If the input is empty.
            ResponseFailedError: If the API says that the response failed.
            StreamInterruptedError: If the answer could not be read.
            openai.OpenAIError: Whatever the SDK raises for the request.
        """
        stream = self._engine.stream(input, container=container, in_one_piece=True, options=options)
        for _ in stream.steps():
            pass
        return stream.result

    def stream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        **options: Any,
    ) -> CodeInterpreterStream:
        """Return a stream of events; the request is made when it is first iterated.

        Args:
            input: A text, or a list of Responses input items.
            container: Another container for this call.
            **options: Any option of `responses.create`.

        Raises:
            InvalidInputError: If the input is empty.
            ValueError: If `container` is not valid.
        """
        return self._engine.stream(input, container=container, options=options)


class AsyncCodeInterpreter:
    """The async twin of `CodeInterpreter`: `await run(…)`, `async with stream(…)`.

    One object may be used from several event loops, one after the other: it has a client for each.

    Args:
        model: The model's name, unless each call names its own.
        client: The SDK's async client, `AsyncOpenAI` or `AsyncAzureOpenAI`.
        container: `"auto"`, the id of a container, or a `ContainerConfig`.
        artifact_store: Where generated files go; by default this process's memory.
        include_outputs: Ask the API for logs and images of the code.
        max_file_bytes: The cap on one file, in bytes.

    Raises:
        ValueError: If `container` is not valid.

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
        container: str | ContainerConfig = AUTO,
        artifact_store: ArtifactStore | None = None,
        include_outputs: bool = True,
        max_file_bytes: int = DEFAULT_MAX_FILE_BYTES,
    ) -> None:
        self._engine = Engine(
            model=model,
            clients=ClientPool(async_client=client),
            artifact_store=chosen_store(artifact_store),
            container=parse_container(container),
            include_outputs=include_outputs,
            max_file_bytes=max_file_bytes,
        )

    @property
    def artifact_store(self) -> ArtifactStore:
        """Where generated files go."""
        return self._engine.artifact_store

    async def run(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        **options: Any,
    ) -> CodeInterpreterResult:
        """Ask, wait, and return the result with its files; see `CodeInterpreter.run`."""
        stream = self._engine.astream(
            input, container=container, in_one_piece=True, options=options
        )
        async for _ in stream.steps():
            pass
        return stream.result

    def stream(
        self,
        input: str | Sequence[Any],  # noqa: A002 - the API's own name
        *,
        container: object = None,
        **options: Any,
    ) -> AsyncCodeInterpreterStream:
        """Return a stream of events, not to be awaited; see `CodeInterpreter.stream`."""
        return self._engine.astream(input, container=container, options=options)
